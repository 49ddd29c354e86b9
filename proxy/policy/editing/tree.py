"""One YAML document as its text: where every node begins and ends, and which text is comment.

A reader for data throws this away, and a writer that keeps comments on the data puts them back in other
places. Here nothing is data: nodes are spans of the text, and a comment is a place on a line.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from yaml import events
from yaml._yaml import CParser

BLOCK_SCALAR: Final = frozenset("|>")


class UnusualError(Exception):
    """The text uses YAML in a way that nobody needs in a policy; it is left as it is."""


@dataclass(slots=True)
class Node:
    """A value: a scalar, or a mapping or sequence with what is in it."""

    start: int
    end: int
    """Characters of the text, the end excluded. For a block collection only `start` means something."""
    line: int
    column: int
    """Of the first character, both 0-based."""
    last: int
    """The last line that has a character of it."""
    kind: str
    """`scalar`, `map` or `list`."""
    flow: bool = True
    """Written in brackets; scalars count as such."""
    plain: bool = False
    """A scalar without quotes that is read as what it looks like."""
    entries: list["Entry"] = field(default_factory=list)

    @property
    def block(self) -> bool:
        """A mapping or sequence whose structure is its indentation."""
        return not self.flow


@dataclass(slots=True)
class Entry:
    """What a collection holds: a key with its value, or a value alone."""

    key: Node | None
    value: Node

    @property
    def first(self) -> Node:
        """The node that the entry begins with."""
        return self.key or self.value


@dataclass(frozen=True, slots=True)
class Source:
    """A text, its documents and its comments."""

    text: str
    lines: tuple[str, ...]
    comments: dict[int, int]
    """Line -> column of the `#`."""
    roots: tuple[Node, ...]

    def raw(self, node: Node) -> str:
        """Return the text of a scalar or of a collection in brackets."""
        return self.text[node.start : node.end]

    def comment(self, line: int) -> str:
        """Return the comment on a line, "" if there is none."""
        at = self.comments.get(line)
        return "" if at is None else self.lines[line][at:].rstrip()

    def empty(self, line: int) -> bool:
        """Tell whether a line has nothing but perhaps a comment on it; asked of lines outside scalars only."""
        return not self.lines[line][: self.comments.get(line)].strip()


def parse(text: str) -> Source:
    """Return the text taken apart.

    Raises:
        yaml.YAMLError: it is not YAML.
    """
    builder = _Builder(CParser(text), text)
    roots = tuple(builder.roots())
    lines = tuple(text.split("\n"))
    return Source(text, lines, _comments(lines, builder.scalars), roots)


def scalars(node: Node) -> Iterator[tuple[Node, bool]]:
    """Yield every scalar below a node with whether it is a key."""
    if node.kind == "scalar":
        yield node, False
    for entry in node.entries:
        if entry.key is not None:
            yield entry.key, True
        yield from scalars(entry.value)


class _Builder:
    def __init__(self, parser: CParser, text: str) -> None:
        self._parser = parser
        self._text = text
        self.scalars: list[Node] = []

    def roots(self) -> Iterator[Node]:
        while not isinstance(event := self._next(), events.StreamEndEvent):
            if isinstance(event, events.DocumentStartEvent):
                yield self._node(self._next())

    def _next(self) -> events.Event:
        event = self._parser.get_event()
        assert event is not None
        return event

    def _node(self, event: events.Event) -> Node:
        begin, end = event.start_mark, event.end_mark
        assert begin is not None
        assert end is not None
        node = Node(begin.index, end.index, begin.line, begin.column, end.line, "scalar")
        if isinstance(event, events.MappingStartEvent):
            node.kind = "map"
            while not isinstance(key := self._next(), events.MappingEndEvent):
                node.entries.append(Entry(self._node(key), self._node(self._next())))
            self._close(node, event.flow_style, key)
        elif isinstance(event, events.SequenceStartEvent):
            node.kind = "list"
            while not isinstance(item := self._next(), events.SequenceEndEvent):
                node.entries.append(Entry(None, self._node(item)))
            self._close(node, event.flow_style, item)
        elif isinstance(event, events.ScalarEvent):
            node.plain = event.implicit[0]
            self._end_of_block_scalar(node)
            self.scalars.append(node)
        return node

    def _close(self, node: Node, flow: bool | None, closing: events.Event) -> None:  # noqa: FBT001 - PyYAML's
        node.flow = bool(flow)
        if node.flow:
            assert closing.end_mark is not None
            node.end, node.last = closing.end_mark.index, closing.end_mark.line
        elif node.entries:
            node.end, node.last = node.entries[-1].value.end, node.entries[-1].value.last

    def _end_of_block_scalar(self, node: Node) -> None:
        """Give back the blank lines after a block scalar, unless it says that it keeps them."""
        raw = self._text[node.start : node.end]
        if raw[:1] in BLOCK_SCALAR and "+" not in raw.split("\n", 1)[0]:
            node.end = node.start + len(raw.rstrip())
            node.last = node.line + raw.rstrip().count("\n")
        elif raw.endswith("\n"):
            node.end -= 1
            node.last -= 1


def _comments(lines: tuple[str, ...], nodes: list[Node]) -> dict[int, int]:
    """Return where comments begin: at a `#` after a blank, outside every scalar."""
    taken: dict[int, list[tuple[int, int]]] = {}
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for node in nodes:
        for number in range(node.line, node.last + 1):
            at = starts[number]
            taken.setdefault(number, []).append((node.start - at, node.end - at))
    found = {}
    for number, line in enumerate(lines):
        for column, char in enumerate(line):
            free = not any(begin <= column < end for begin, end in taken.get(number, ()))
            if char == "#" and free and (column == 0 or line[column - 1] in " \t"):
                found[number] = column
                break
    return found
