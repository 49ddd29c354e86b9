"""A document written out again: keys in order, two spaces a level, every comment beside what it is about.

A comment on a line of its own belongs to the key or item below it and moves with it; one at the end of a line
belongs to that line. What stands above the first key of a document stays on top, whatever moves.
"""

from collections.abc import Callable, Iterable

from proxy.policy.editing.brackets import bare, bracketed
from proxy.policy.editing.order import Keys, Models
from proxy.policy.editing.tree import BLOCK_SCALAR, Entry, Node, Source, UnusualError


def write(source: Source, models: Callable[[Node], Models]) -> str:
    """Return the text with every document laid out.

    Args:
        source: the text, taken apart.
        models: the models of a document's root, empty if its keys have no order.

    Raises:
        UnusualError: it cannot be laid out.
    """
    lines: list[str] = []
    at = 0
    for number, root in enumerate(source.roots):
        final = number + 1 == len(source.roots)
        lines += (line.rstrip() for line in source.lines[at : root.line])
        at = len(source.lines) if final else root.last + 1
        if root.block:
            lines += _Block(source, Keys(models(root))).write(root, 0, at)
        else:
            lines += (line.rstrip() for line in source.lines[root.line : at])
    lines += (line.rstrip() for line in source.lines[at:])
    return "\n".join(_squeezed(lines)).strip("\n") + "\n"


class _Block:
    """Writes one block mapping or list and what is below it."""

    def __init__(self, source: Source, keys: Keys) -> None:
        self.source = source
        self.keys = keys

    def write(self, node: Node, indent: int, end: int) -> list[str]:
        """Return the lines of `node`, which has the source's lines up to `end`."""
        starts = [self._first_line(node, entry) for entry in node.entries]
        parts: list[tuple[Entry, list[str], list[str]]] = []
        above: list[str] = []
        for number, entry in enumerate(node.entries):
            until = starts[number + 1] if number + 1 < len(starts) else end
            inner = self._split(entry, node.column, until, last=number + 1 == len(starts))
            leads, lines = self._entry(node, entry, starts[number], indent, inner)
            parts.append((entry, [*above, *leads], lines))
            above = self._own_lines(inner, until, indent)
        if node.kind == "map":
            parts.sort(key=lambda part: self.keys.place(bare(self.source.raw(part[0].first))))
        written = [line for _, leads, lines in parts for line in (*leads, *lines)]
        while not written[0]:
            written.pop(0)
        return [*written, *above]

    def _first_line(self, node: Node, entry: Entry) -> int:
        line = entry.first.line
        if node.kind == "map":
            return line
        while self.source.lines[line][node.column : node.column + 1] != "-":
            line -= 1
        return line

    def _split(self, entry: Entry, column: int, until: int, *, last: bool) -> int:
        """Return up to which line what follows an entry belongs to it: comments that are indented deeper.

        Except before another entry, where a comment after a blank line is about that one.
        """
        end = entry.value.last + 1
        if entry.value.flow:
            return end
        for line in range(end, until):
            comment = self.source.comments.get(line)
            if comment is None and not last:
                break
            if comment is not None and comment <= column:
                break
            if comment is not None:
                end = line + 1
        return end

    def _own_lines(self, start: int, end: int, indent: int) -> list[str]:
        """Return the comments and blank lines between two lines, indented."""
        lines = []
        for number in range(start, end):
            comment = self.source.comment(number)
            lines.append(" " * indent + comment if comment else "")
        return lines

    def _entry(self, node: Node, entry: Entry, first: int, indent: int, end: int) -> tuple[list[str], list[str]]:
        """Return the comments that go above an entry, and its lines."""
        if node.kind == "map":
            return self._pair(node, entry, indent, end)
        between = self._own_lines(first, entry.value.line, indent)
        leads = [line for line in between if line]
        if entry.value.flow:
            lines = self._value(node, entry.value, indent + 2, " " * indent + "- ")
            return leads, lines
        written = _Block(self.source, self.keys).write(entry.value, indent + 2, end)
        while not written[0] or written[0].lstrip().startswith("#"):
            leads += [line[2:] for line in [written.pop(0)] if line]
        return leads, [" " * indent + "- " + written[0].lstrip(), *written[1:]]

    def _pair(self, node: Node, entry: Entry, indent: int, end: int) -> tuple[list[str], list[str]]:
        key, value = entry.key, entry.value
        assert key is not None
        word = self.source.raw(key)
        head = " " * indent + word + ":"
        gap = self.source.text[key.end : max(value.start, key.end)]
        if key.kind != "scalar" or key.line != key.last or (gap and not gap.startswith(":")):
            raise UnusualError
        inner = _Block(self.source, self.keys.below(bare(word)))
        if value.block:
            head += self._trailing(key.line, head)
            between = self._own_lines(key.line + 1, self._top(value), indent + 2)
            below = inner.write(value, indent + 2, end)
            return [], [head, *(line for line in between if line), *below]
        leads: list[str] = []
        if value.line != key.line:
            leads = [line for line in self._own_lines(key.line, value.line, indent) if line]
            gap = ": "
        return leads, inner._value(node, value, indent + 2, head + gap[1:])

    def _top(self, node: Node) -> int:
        return self._first_line(node, node.entries[0])

    def _value(self, parent: Node, node: Node, indent: int, head: str) -> list[str]:
        """Return the lines of a scalar or of brackets, after what stands before them."""
        raw = self.source.raw(node)
        if node.kind == "scalar":
            lines = self._scalar(raw, head, indent, indent - 2 - parent.column)
        else:
            lines = self._brackets(node, head, indent - 2 - parent.column)
        return [*lines[:-1], (lines[-1] + self._trailing(node.last, lines[-1])).rstrip()]

    def _scalar(self, raw: str, head: str, indent: int, shift: int) -> list[str]:
        first, *rest = raw.split("\n")
        if raw[:1] in BLOCK_SCALAR:
            return [head + first, *(_shifted(line, shift) for line in rest)]
        return [head + first, *(" " * indent + line.lstrip() if line.strip() else "" for line in rest)]

    def _brackets(self, node: Node, head: str, shift: int) -> list[str]:
        try:
            return bracketed(self.source, node, self.keys, head)
        except UnusualError:
            first, *rest = self.source.raw(node).split("\n")
            return [head + first, *(_shifted(line, shift).rstrip() for line in rest)]

    def _trailing(self, line: int, written: str) -> str:
        """Return the comment at the end of a line with the blanks before it."""
        comment = self.source.comment(line)
        if not comment or self.source.empty(line):
            return ""
        column = self.source.comments[line]
        before = self.source.lines[line][:column]
        blanks = len(before) - len(before.rstrip())
        # Comments that were lined up in a column stay where that column is, if there is room.
        return " " * max(2, column - len(written) if blanks > 2 else 2) + comment


def _shifted(line: str, by: int) -> str:
    if not line.strip() or by == 0:
        return line
    return " " * by + line if by > 0 else line[min(-by, len(line) - len(line.lstrip())) :]


def _squeezed(lines: Iterable[str]) -> list[str]:
    """Return the lines with no two blank ones in a row."""
    found: list[str] = []
    for line in lines:
        if line or (found and found[-1]):
            found.append(line)
    return found
