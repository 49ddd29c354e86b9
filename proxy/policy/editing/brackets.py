"""Mappings and lists in brackets: on one line, or as many parts on a line as fit."""

from collections.abc import Sequence
from typing import Final

from proxy.policy.editing.order import Keys
from proxy.policy.editing.tree import Entry, Node, Source, UnusualError

WIDTH: Final = 110
"""Brackets that span lines are joined or filled up to here; a line is never broken for its length."""
_ENDS: Final = {"map": ("{", "}"), "list": ("[", "]")}


def bracketed(source: Source, node: Node, keys: Keys, head: str) -> list[str]:
    """Return the lines of brackets after `head`, keys in order.

    Raises:
        UnusualError: something that is safer left as it is.
    """
    if any(line in source.comments for line in range(node.line, node.last)):
        raise UnusualError
    parts = _parts(source, node, keys)
    left, right = _ENDS[node.kind]
    line = f"{head}{left}{', '.join(parts)}{right}"
    if node.line == node.last or len(line) <= WIDTH:
        return [line]
    return _filled(head + left, parts, right)


def bare(raw: str) -> str:
    """Return a key without its quotes."""
    return raw.strip("\"'")


def _parts(source: Source, node: Node, keys: Keys) -> list[str]:
    """Return what stands between the commas."""
    entries = list(node.entries)
    if node.kind == "map":
        entries.sort(key=lambda each: keys.place(bare(source.raw(each.first))))
    return [_part(source, entry, keys) for entry in entries]


def _part(source: Source, entry: Entry, keys: Keys) -> str:
    if entry.key is None:
        return _inline(source, entry.value, keys)
    word = source.raw(entry.key)
    if entry.value.start == entry.value.end or not word or word[0] in "?[{":
        raise UnusualError
    return f"{word}: {_inline(source, entry.value, keys.below(bare(word)))}"


def _inline(source: Source, node: Node, keys: Keys) -> str:
    raw = source.raw(node)
    if node.kind == "scalar":
        if "\n" in raw:
            raise UnusualError
        return raw
    left, right = _ENDS[node.kind]
    if not raw.startswith(left):  # `[a: b]`: a mapping without brackets of its own
        raise UnusualError
    return f"{left}{', '.join(_parts(source, node, keys))}{right}"


def _filled(head: str, parts: Sequence[str], right: str) -> list[str]:
    """Return `head` and the parts, as many on a line as fit, under the first one."""
    lines, under = [head], " " * len(head)
    for number, part in enumerate(parts):
        piece = part + ("," if number + 1 < len(parts) else right)
        if lines[-1] not in (head, under) and len(lines[-1]) + 1 + len(piece) > WIDTH:
            lines.append(under)
        blank = "" if lines[-1] in (head, under) else " "
        lines[-1] += blank + piece
    return lines
