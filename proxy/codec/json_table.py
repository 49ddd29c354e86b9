"""A page of records as columns of JSON text: read, edited and written without a value made of most of it.

Reading a page into dicts and writing it again costs several times what finding its few fields does that policy
hides. So where a page has been proved to be as exact as `JsonText.decode` asks for, its list of records stays
the text it was, cut up by a stencil into one column per value, and an edit puts other text into a column.

The proof: the whole body is JSON by a parser that makes nothing of it (grammar, escapes, control characters),
and UTF-8. Everything outside of the list goes through `JsonText.decode`. The list is all matches of one stencil,
with nothing between them, so there is no name twice in a record and no byte that is not accounted for; and its
texts and numbers are already written as we write them. Whatever does not prove goes the other way, whole.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from proxy.codec.json_stencil import ODD_ESCAPE, Cut, Path, Stencil, Stencils
from proxy.columns import Columns, PageAt
from proxy.message import Tree

FEWEST: Final = 8
"""Records below which it does not pay."""

_STENCILS: Final = Stencils()
_SKIM: Final = msgspec.json.Decoder(Raw)
_ENCODER: Final = msgspec.json.Encoder()
_ALL_TEXT: Final = frozenset({str})
_MARK: Final = b"the records of this page"
"""Stands in for them while the rest is read. To write a letter of it otherwise takes an `ODD_ESCAPE`."""

Decode = Callable[[bytes], Tree]


class Table(Columns):
    """Records of a page, held as text."""

    def __init__(self, stencil: Stencil, body: bytes, start: int, decode: Decode, *, escapes: bool) -> None:
        """Cut the records out of a body; raises ValueError if they are not all of the list at `start`."""
        self.names = stencil.names
        self._stencil, self._escapes, self._decode = stencil, escapes, decode
        self._body, self._start = body, start
        self._edited: dict[Path, list[bytes]] = {}
        """What is to stand in slots, as they are cut by now."""
        self._gone: set[Path] = set()
        if stencil.mixed is None or not self._fits(stencil.cut(escapes=escapes)):
            self._take_all()

    def _take_all(self) -> None:
        """Cut every column apart, and note which of them hold texts."""
        bare = self._cut.bare if self._edited else frozenset()
        if not self._fits(self._stencil.cut_all(escapes=self._escapes)):
            raise ValueError("not a list of such records and nothing else")
        self._stencil.mixed = (self._stencil.mixed or set()) | set(filter(self._is_mixed, self._cut.at))
        for path in self._edited.keys() & bare:
            name = self._cut.slots[self._cut.at[path]].start
            self._edited[path] = [b'%b"%b' % (name, text) for text in self._edited[path]]

    def _is_mixed(self, path: Path) -> bool:
        texts = self._texts[self._cut.at[path] + 1 :: self._width]
        return not all(text.endswith(b'"') for text in texts)

    def _fits(self, cut: Cut) -> bool:
        self._cut = cut
        self._texts = cut.pattern.split(self._body)
        """Per record an empty text and one per slot; before all that, and after, what is not of the list."""
        self._width = len(cut.slots) + 1
        between = self._texts[:: self._width]
        self.head, self.tail = between[0], between[-1]
        self._count = len(between) - 1
        return len(self.head) == self._start and self.tail.startswith(b"]") and not any(between[1:-1])

    def __len__(self) -> int:
        return self._count

    def inside(self, name: str) -> tuple[str, ...] | None:
        """Return the members of the object that stands at `name`; see `Columns`."""
        return self._stencil.nested.get(name)

    def column(self, *path: str) -> list[Tree] | None:
        """Return what stands at a path of each record; None if nothing does."""
        if not self._is_there(path):
            return None
        name, texts = self._column(path)
        text = b"".join(texts)
        if path in self._cut.bare:
            if b"\\" not in text:
                return text.decode().split('"')[:-1]  # type: ignore[return-value]
            return self._values(b'["%b]' % b',"'.join(texts))
        if b"\\" not in text and text.count(name + b'"') == self._count:
            # All are texts, and what stands between two of them stands in none: a quote ends a text.
            return text[len(name) + 1 : -1].decode().split(f'"{name.decode()}"')  # type: ignore[return-value]
        return self._values(b"[%b]" % text.replace(name, b",").removeprefix(b","))

    def _values(self, text: bytes) -> list[Tree]:
        values: Any = self._decode(text)
        return list(values)

    def all_are(self, text: str, *path: str) -> bool:
        """Say whether this very text stands at a path of each record."""
        if self._stencil.told == (path, text):
            return self._is_there(path)
        return (self.column(*path) or []).count(text) == self._count

    def all_text(self, *path: str) -> bool:
        """Say whether a text stands at a path of each record."""
        if not self._is_there(path):
            return False
        name, texts = self._column(path)
        return path in self._cut.bare or b"".join(texts).count(name + b'"') == self._count

    def all_plain(self, names: Iterable[str]) -> bool:
        """Say whether no record has an object or a list in any of these members."""
        return self._stencil.nested.keys().isdisjoint(names)

    def drop(self, *path: str) -> None:
        """Take a member out of each record; raises KeyError if there is none."""
        self._check(path)
        self._stencil.dropped.add(path)
        self._gone.add(path)

    def put(self, name: str, values: list[Tree]) -> None:
        """Put a value into a member of each record; raises KeyError if there is none."""
        path = (name,)
        self._check(path)
        self._column(path)
        if path in self._cut.bare:
            if set(map(type, values)) == _ALL_TEXT:
                self._edited[path] = _texts(values)
                return
            self._stencil.changed.add(path)
            self._take_all()
        before, _ = self._column(path)
        self._edited[path] = _named(before, values)

    def apart(self) -> list[dict[str, Tree]]:
        """Return the records one by one, in place of this; no more of their kind are read as columns."""
        self._stencil.useless = True
        found: Any = self._decode(self.text())
        return list(found)

    def text(self) -> bytes:
        """Return the list of records as they are now, as compact JSON."""
        cut, gone = self._cut, self._gone
        if not cut.away <= gone or not gone <= cut.away | cut.at.keys() or not gone.isdisjoint(cut.bare):
            self._stencil.looked_at |= cut.away - gone  # which others may see: not to be cut away
            self._take_all()
        texts, width, none = self._texts[1:-1], self._width, [b""] * self._count
        for path, at in self._cut.at.items():
            if path in self._gone or path in self._edited:
                texts[at::width] = none if path in self._gone else self._edited[path]
        for at in self._without_comma():
            texts[at::width] = [each[1:] for each in texts[at::width]]
        opening, end = self._cut.opening, self._stencil.end
        texts[width - 1 :: width] = [b"%b,%b" % (end, opening)] * (self._count - 1)
        return b"[%b%b%b]" % (opening, b"".join(texts), end)

    def _without_comma(self) -> list[int]:
        """Return the slots that have come to be the first of their object, and so must lose their comma."""
        found, first = [], self._cut.opening.endswith(b"{")
        for at, slot in enumerate(self._cut.slots):
            if slot.path not in self._gone:
                if first and slot.start.startswith(b","):
                    found.append(at)
                first = slot.opens
        return found

    def _is_there(self, path: Path) -> bool:
        return path in self._stencil.paths and path not in self._gone

    def _check(self, path: Path) -> None:
        if not self._is_there(path):
            raise KeyError("no such column")

    def _column(self, path: Path) -> tuple[bytes, list[bytes]]:
        """Return the name in front of a member that is there, b"" where none is in its slots, and those."""
        self._stencil.looked_at.add(path)
        if path not in self._cut.at:
            self._take_all()
        at = self._cut.at[path]
        return self._cut.slots[at].start, self._edited.get(path) or self._texts[at + 1 :: self._width]


def _texts(values: list[Tree]) -> list[bytes]:
    """Return each of many texts as JSON without the first quote."""
    text = _ENCODER.encode(values)
    if b"\\" in text:
        return [_ENCODER.encode(value)[1:] for value in values]
    return text[2:-1].replace(b'","', b'"\n').split(b"\n")


def _named(before: bytes, values: list[Tree]) -> list[bytes]:
    """Return the text of each value with its name before it."""
    text = _ENCODER.encode(values)
    if b"\\" not in text and set(map(type, values)) == _ALL_TEXT:
        # All at once, at what stands between two texts and in none.
        first, *others = text[2:-2].replace(b'","', b'"\n%b"' % before).split(b"\n")
        found = [b'%b"%b' % (before, first), *others]
        found[-1] += b'"'
        return found
    return [before + _ENCODER.encode(value) for value in values]


def read_page(body: bytes, at: PageAt, decode: Decode) -> Tree | None:
    """Return what a body says, the records at `at` as a `Table`, or None if it has to be read without.

    Args:
        body: untrusted.
        at: where the records are.
        decode: reads exactly, or raises.

    Raises:
        ExchangeError: what `decode` raises, which does not have to be a reason to refuse the body.
        ValueError: it is not JSON, or not in UTF-8.
    """
    opening = b'"%b":[{' % at.names[-1].encode()
    found = body.find(opening)
    start = found + len(opening) - 2
    has_escapes = b"\\" in body
    if found < 0 or (has_escapes and ODD_ESCAPE.search(body)):
        return None
    stencil = _STENCILS.find(body, start + 1, at)
    if stencil is None:
        return None
    table = Table(stencil, body, start, decode, escapes=has_escapes)
    if len(table) < FEWEST or _MARK in table.head or _MARK in table.tail:
        return None
    _check_grammar(body)
    return _put(decode(b'%b["%b"%b' % (table.head, _MARK, table.tail)), at.names, table)


def _check_grammar(body: bytes) -> None:
    """Raise ValueError unless a body is one JSON text in UTF-8, whatever names it has in it, and how often."""
    _SKIM.decode(body)
    if not body.isascii():
        body.decode()


def _put(tree: Tree, names: tuple[str, ...], table: Table) -> Tree | None:
    """Return the tree with the table in the place that was left for it; None if that is not where it belongs."""
    holder: Any = tree
    for name in names[:-1]:
        holder = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(holder, dict) or holder.get(names[-1]) != [_MARK.decode()]:
        return None
    holder[names[-1]] = table
    return tree
