"""GraphQL: one endpoint, where the query says which records, which fields of them, and how they are chosen.

Nouns: a `Query` is what a request asks for, with fragments, variables and directives worked out; a
`GraphqlField` of the connector's section says what a field of the schema's root does to which object. The story
starts in `grammar.Graphql.read`.

What there is no word for is refused: several operations or requests at once, subscriptions, persisted queries,
introspection, fields of the root that are not listed, arguments of fields inside records, and records under
conditions of their type.
"""
