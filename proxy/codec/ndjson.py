"""Newline-delimited JSON: one object on each line, held whole by a codec or changed in passing by a stream.

A route declares the codec by its name `ndjson`, and the place of the records in its answer is `$[*]: record`.

Each line is read by the rules of `JsonText`, so nothing can hide between two readers of a line. Between the
lines there is one newline, after the last one too or not. Nothing else separates: neither a carriage return
alone nor U+2028, no record separator of RFC 7464, no byte order mark; an empty line is refused, because some
readers stop there. A line that cannot be read ends the whole body, it is never left out (threat PD-28).

What is written is compact JSON with every number as it came, and a newline after each line.
"""

from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from proxy.codec.json_text import MAX_ITEMS, JsonText
from proxy.errors import Undecodable
from proxy.message import Tree

MAX_LINE: Final = 4_194_304
"""Bytes of one line; what is kept of a body that comes in pieces never exceeds this and one chunk."""

Records = list[dict[str, Tree]]
Edit = Callable[[Records], Records]
"""Gets records that came together, may change them in place, and returns those that may be sent on."""

_JSON: Final = JsonText()


class Ndjson:
    """The codec for newline-delimited JSON; stateless."""

    name: ClassVar[str] = "ndjson"
    media_types: ClassVar[frozenset[str]] = frozenset(
        {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
    )
    content_type: ClassVar[str] = "application/x-ndjson"

    def decode(self, body: bytes) -> Tree:
        """Return the list of objects that `body` holds.

        Raises:
            Undecodable: a line is not exactly one JSON object, or all of them go beyond the limits of one
                JSON body.
        """
        if len(body) > MAX_ITEMS and sum(map(body.count, (b",", b"{", b"["))) > MAX_ITEMS:
            raise Undecodable("too_many_items", status=413)
        return [_record(line) for line in body.removesuffix(b"\n").split(b"\n")]

    def encode(self, tree: Tree) -> bytes:
        """Return a line for each item of a list.

        Raises:
            Undecodable: it is no list of objects, or a value has no form in JSON.
        """
        if not isinstance(tree, list) or not all(isinstance(item, dict) for item in tree):
            raise Undecodable("unencodable_value")
        return b"".join(_JSON.encode(item) + b"\n" for item in tree)


class NdjsonStream:
    """A `StreamTransform` for one body of newline-delimited JSON."""

    def __init__(self, edit: Edit) -> None:
        """Take what is done to records; it may raise to break the body off."""
        self.rows = 0
        """Lines sent on."""
        self._edit = edit
        self._rest = bytearray()
        self._any = False
        self._broken = False

    def feed(self, chunk: bytes) -> bytes:
        """Return the lines that are complete with `chunk`, changed; see `StreamTransform`."""
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if lines and self._rest:
            lines[0] = bytes(self._rest) + lines[0]
            self._rest.clear()
        out = self._changed(lines)
        self._rest += rest
        if len(self._rest) > MAX_LINE:
            self._broken = True
            raise Undecodable("row_too_long", status=413)
        return out

    def finish(self) -> bytes:
        """Return the last line if nothing ended it; see `StreamTransform`."""
        last = [bytes(self._rest)] if self._rest else []
        self._rest.clear()
        out = self._changed(last)
        if not self._any:
            raise Undecodable("bad_json")
        return out

    def _changed(self, lines: Iterable[bytes]) -> bytes:
        if self._broken:
            raise Undecodable("bad_json")
        self._broken = True  # until every line is done
        records = [_record(line) for line in lines]
        if records:
            self._any = True
            records = self._edit(records)
        out = b"".join([_JSON.encode(record) + b"\n" for record in records])
        self.rows += len(records)
        self._broken = False
        return out


def _record(line: bytes) -> dict[str, Tree]:
    if len(line) > MAX_LINE:
        raise Undecodable("row_too_long", status=413)
    record = _JSON.decode(line)
    if not isinstance(record, dict):
        raise Undecodable("not_an_object")
    return record
