"""Bytes of one media type to a tree and back, so exactly that nothing can hide between two readers.

Three nouns: a *content coding* (gzip, deflate, br, zstd) wraps a body and is undone first; a *media type*
names a codec; a `Codec` turns the body into a `Tree` (`proxy.message`) and a tree into a body. The story of
one body starts at `undo_content_coding`, goes on with `codec_for` and ends in `Codec.decode`. A body that is
too long to be held whole has no tree: a `StreamTransform` changes it as it passes.

It does not know what a body means: shapes, fields and records are the connector's. It never guesses: a
content type that lies, a second coding, bytes after the end are refused, not repaired.

Leaves of a tree. `str`, `bool`, `None` and `int` are what they look like. Any number whose text Python would
write differently (`1500.00`, `1e3`, `-0`, an integer of five thousand digits) stays the text it was: a
`msgspec.Raw` from JSON, a `Scalar` from XML-RPC. Pass such a leaf on untouched, or ask `scalar_text`
(`proxy.message`) for its text; `encode` writes it byte for byte.

Why a proof by round trip. No fast parser tells of duplicate keys; two readers of `{"ssn": 1, "ssn": 2}` see
different records, and that is how a hidden field gets out. Rather than trust a parser or write one, `decode`
encodes what it understood: if that gives the very bytes that came, then no key was dropped, no number
changed and nothing stood between the tokens. That costs a quarter of the parsing. Looking for duplicates on
the finished tree cannot work, counting colons goes wrong inside strings, and a hook per object costs more
than twice as much. Bodies that are written otherwise (`\\u00e9` for a letter) take that slower hook.

Why a page of records may stay text. Most of a page goes on as it came, so to make dicts of it, to prove them
and to write them again is most of what it costs. `decode_answer` leaves the records where a connector says they
are as columns of text (`json_table`), proved to be as exact another way: by the grammar of the whole body, and
by one pattern that every record matches. Records not seen before, or not alike, are read as ever.
"""

from proxy.codec.coding import Gunzip, undo_content_coding, unpacking
from proxy.codec.csv_rows import Dialect
from proxy.codec.csv_stream import CsvStream, Edit, EditAll, RowPlan
from proxy.codec.csv_text import CsvText
from proxy.codec.media import CODECS, Codec, codec_for, codec_named, decode_answer
from proxy.codec.ndjson import Ndjson, NdjsonStream, Records
from proxy.codec.streams import StreamTransform

__all__ = [
    "CODECS",
    "Codec",
    "CsvStream",
    "CsvText",
    "Dialect",
    "Edit",
    "EditAll",
    "Gunzip",
    "Ndjson",
    "NdjsonStream",
    "Records",
    "RowPlan",
    "StreamTransform",
    "codec_for",
    "codec_named",
    "decode_answer",
    "undo_content_coding",
    "unpacking",
]
