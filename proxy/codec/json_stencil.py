"""Stencils: a record of a page as JSON with its values cut out, made a regular expression.

The records that a CRM lists are written by one program, with the same names in the same order. A stencil made
of the first record matches another only if it is written alike to the byte: each name in its place, a text,
number or word for each value, nothing between the tokens, and so no name twice.

It is to be laid on what is known to be JSON (RFC 8259), where the escapes in texts are those that `ODD_ESCAPE`
does not find. There a quote without a backslash before it begins or ends a text; as no name in a stencil begins
with punctuation, the stencil's first quote begins one, and from there on both see the same tokens.
"""

import json
import re
from collections.abc import Collection
from typing import Final, NamedTuple

from proxy.columns import PageAt

MOST_COLUMNS: Final = 256
MOST_KNOWN: Final = 256
"""Stencils kept; a CRM that lists ever new kinds of records must not fill the memory."""

ODD_ESCAPE: Final = re.compile(rb'\\[^"\\bfnrt]')
"""An escape that we would not write: a text that has one is read and written anew."""

_REST: Final = rb'[^"]*+"'
_REST_WITH_ESCAPES: Final = rb'(?:[^"]*+(?<!\\)"|[^"\\]*+(?:\\.[^"\\]*+)*+")'
"""A text behind its first quote."""
_OTHER: Final = rb"null|[-+.0-9A-Za-z]++"
_VALUE: Final = rb'(?:"%b|%b)' % (_REST_WITH_ESCAPES, _OTHER)
_NAME: Final = rb'"[^"\\]*+":'
_FIRST: Final = re.compile(
    rb"\{(?:%b(?:%b|\{(?:%b%b,?+)*+\}),?+)++\}" % (_NAME, _VALUE, _NAME, _VALUE), re.DOTALL
)
_AFTER_NAME: Final = re.compile(rb'(?<=":)' + _VALUE, re.DOTALL)
_CLEAR: Final = re.compile(r'[^"\\,:{}\[\]\x00-\x20]+')
"""A name that can be told from what stands around it."""

Path = tuple[str, ...]


class Column(NamedTuple):
    """One value of each record, and the text before it."""

    path: Path
    lead: bytes
    """Brackets, and the names of objects they belong to: stays if the value goes."""
    name: bytes
    """The comma, if there is one, the name and the colon: goes with the value."""


class Slot(NamedTuple):
    """One piece of a record's text: a column, or whatever stands between two."""

    path: Path | None
    start: bytes
    """How it begins in every record."""
    opens: bool
    """Whether it ends with an opening bracket."""


class Cut:
    """Cuts the text of records into slots: some columns apart, some away, and all else in as few as possible.

    `pattern` matches a record, and the comma or bracket before it.
    """

    def __init__(
        self,
        stencil: "Stencil",
        apart: Collection[Path],
        away: frozenset[Path] = frozenset(),
        texts: frozenset[Path] = frozenset(),
        bare: frozenset[Path] = frozenset(),
        *,
        escapes: bool,
    ) -> None:
        """Compile it.

        Args:
            stencil: what the records look like.
            apart: columns that get slots of their own.
            away: columns that get none.
            texts: columns that are to hold nothing but texts.
            bare: those apart of which the slots hold the text behind its first quote, and not the name.
            escapes: whether there may be any in the texts.
        """
        self.slots: list[Slot] = []
        self.away, self.bare = away, bare
        (path, self.opening, name), *others = stencil.columns
        """How every record begins: no slot."""
        columns = [Column(path, b"", name), *others]
        fixed = stencil.fixed(path)
        if fixed and path not in apart and path not in away:
            self.opening += name + fixed
            columns = others
        if columns and columns[0].path in bare and not columns[0].lead:
            self.opening += columns[0].name + b'"'
            columns[0] = columns[0]._replace(name=b"")
        self._pattern = rb"[\[,]" + re.escape(self.opening)
        text = _REST_WITH_ESCAPES if escapes else _REST
        between = start = b""
        opens = False
        for path, lead, name in columns:
            value = re.escape(name) + stencil.value(path, text, only=path in texts)
            if lead:
                between, start, opens = between + re.escape(lead), start or lead, lead.endswith(b"{")
            if path in bare and name:
                between, start, opens = between + re.escape(name) + b'"', start or name, False
            if path not in apart and path not in away:
                between, start, opens = between + value, start or name, False
                continue
            if between:
                self._capture(between, Slot(None, start, opens))
            if path in bare:
                self._capture(text, Slot(path, b"", opens=False))
            elif path in apart:
                self._capture(value, Slot(path, name, opens=False))
            else:
                self._pattern += value
            between, start, opens = b"", b"", False
        if between:
            self._capture(between, Slot(None, start, opens))
        self.pattern = re.compile(self._pattern + re.escape(stencil.end), re.DOTALL)
        self.at = {slot.path: at for at, slot in enumerate(self.slots) if slot.path is not None}

    def _capture(self, pattern: bytes, slot: Slot) -> None:
        self._pattern += b"(%b)" % pattern
        self.slots.append(slot)


class Stencil:
    """Records that are written alike, and the ways to cut them.

    How the next page is cut depends on what was found and done in those before: `looked_at`, `dropped`, `mixed`
    and `changed` are for whoever holds one to fill in.
    """

    def __init__(
        self, columns: tuple[Column, ...], end: bytes, nested: dict[str, tuple[str, ...]], at: PageAt
    ) -> None:
        self.columns = columns
        self.end = end
        """What stands after the last value."""
        self.nested = nested
        """Members that hold an object, with the members of that."""
        self.told = at.told
        self.paths = frozenset(column.path for column in columns)
        self.names = tuple(dict.fromkeys(column.path[0] for column in columns))
        """The members of a record."""
        self.useless = not 0 < len(columns) <= MOST_COLUMNS
        """Records of this kind are not to be read by it."""
        self.looked_at: set[Path] = set()
        self.dropped: set[Path] = set()
        self.mixed: set[Path] | None = None
        """Columns that have held something else than a text; None: nobody has looked."""
        self.changed: set[Path] = set()
        """Columns that something else than texts was put into."""
        self._cuts: dict[bool, tuple[int, Cut]] = {}

    def value(self, path: Path, text: bytes, *, only: bool) -> bytes:
        """Return what matches a value, or a text only, given what matches a text behind its first quote."""
        fixed = self.fixed(path)
        if fixed:
            return re.escape(fixed)
        return b'"%b' % text if only else b'(?:"%b|%b)' % (text, _OTHER)

    def fixed(self, path: Path) -> bytes:
        """Return the value that all have to have, b"" where they may have any."""
        if self.told is None or self.told[0] != path:
            return b""
        return json.dumps(self.told[1], ensure_ascii=False).encode()

    def cut(self, *, escapes: bool) -> Cut:
        """Return what cuts the next page; where texts may have escapes, that takes a third longer.

        It takes it that a column which held texts up to now holds nothing else; `cut_all` does not.
        """
        mixed = self.paths if self.mixed is None else self.mixed
        known = sum(map(len, (self.looked_at, self.dropped, mixed, self.changed)))
        made_for, found = self._cuts.get(escapes, (-1, None))
        if found is None or made_for != known:
            away, texts = frozenset(self.dropped - self.looked_at), self.paths - mixed
            bare = texts & self.looked_at - self.dropped - self.changed
            found = Cut(self, self.looked_at, away, texts, bare, escapes=escapes)
            self._cuts[escapes] = known, found
        return found

    def cut_all(self, *, escapes: bool) -> Cut:
        """Return what cuts every column apart, whatever it holds."""
        return Cut(self, self.paths, escapes=escapes)


class Stencils:
    """The stencils of one process, by what records look like and where they are."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, PageAt], Stencil | None] = {}

    def find(self, body: bytes, start: int, at: PageAt) -> Stencil | None:
        """Return the stencil of records like the one that begins at `start`; None unless that is worth its cost.

        Compiling one takes longer than reading a page, so records of which none were seen before get none.
        """
        first = _FIRST.match(body, start)
        if first is None:
            return None
        key = _AFTER_NAME.sub(b"0", first[0]), at
        if key in self._known:
            found = self._known[key] = self._known[key] or _stencil(*key)
            return None if found.useless else found
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[key] = None
        return None


class _Maker:
    """Collects the columns of one record; raises ValueError where it can have no stencil."""

    def __init__(self, structure: frozenset[str]) -> None:
        self.structure = structure
        self.columns: list[Column] = []
        self.nested: dict[str, tuple[str, ...]] = {}
        self.lead = b"{"

    def add(self, members: list[tuple[str, object]], path: Path = ()) -> None:
        """Add the members of an object."""
        names = tuple(name for name, _ in members)
        if not names or len(set(names)) != len(names) or not all(map(_CLEAR.fullmatch, names)):
            raise ValueError("no names, one name twice, or one that is not clear")
        comma = b""
        for name, value in members:
            text = b'%b"%b":' % (comma, name.encode())
            comma = b","
            if isinstance(value, list):
                self._nest(name, value, text, path)
            else:
                self.columns.append(Column((*path, name), self.lead, text))
                self.lead = b""
        self.lead += b"}"

    def _nest(self, name: str, members: list[tuple[str, object]], text: bytes, path: Path) -> None:
        if path or name not in self.structure:
            raise ValueError("an object that may not be there")
        self.lead += text + b"{"
        self.nested[name] = tuple(inner for inner, _ in members)
        self.add(members, (*path, name))


def _stencil(text: bytes, at: PageAt) -> Stencil:
    """Return the stencil of records that look like `text`; a useless one if they cannot have any."""
    maker = _Maker(at.structure)
    try:
        maker.add(json.loads(text.decode(), object_pairs_hook=list))
    except ValueError:
        maker.columns.clear()
    return Stencil(tuple(maker.columns), maker.lead, maker.nested, at)
