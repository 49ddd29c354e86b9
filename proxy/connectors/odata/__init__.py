"""OData 4: query options, record addresses, writes and answers, as uses of a connector's fields.

Nouns: `Options` is the tree of what a request asks for; `Names` says which field a property is; a `Meaning` is
the operations a request comes to; an `Answered` opens the answer. The story starts in `grammar.OData.read`.

`fetched` reads FetchXML, `batch` requests inside a request, `single` one property, `counting` a number, `links`
what leads where.

What there is no word for is refused: functions and actions, records below a record in the path, `$skip`,
`$compute`, deep inserts, delta links, and metadata.
"""
