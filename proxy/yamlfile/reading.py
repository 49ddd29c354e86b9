"""YAML documents as plain data plus the place of every key and value."""

import pathlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from yaml import MarkedYAMLError, YAMLError, events
from yaml._yaml import CParser

from proxy.errors import Problem, Problems
from proxy.yamlfile.opening import read_text

MAX_DEPTH: Final = 64
"""Our own documents nest eight deep; the limit stands long before the parser's stack does."""

_ODD: Final = re.compile("\r(?!\n)|[\x85\u2028-\u202e\u2066-\u2069]")
"""Line ends that the parser knows and reviews do not show as such, and controls that turn text around.

After one of the first, what looks like the rest of a comment is read; after one of the second, what is read
is not in the order that is shown.
"""

Path = tuple[str | int, ...]
"""Where a value stands inside a document: keys and list indices from the root."""
Place = tuple[int, int]
"""Line and column, both 1-based; columns count characters."""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """One document of one file."""

    path: str
    """The file's path as it was given to `read_yaml`."""
    data: object
    """dict (keys are the text of the key, order kept), list, str, int, float, bool and None."""
    places: Mapping[Path, Place]
    """Where each value starts."""
    keys: Mapping[Path, Place] = field(default_factory=lambda: MappingProxyType({}))
    """Where the key of each value starts, for values that stand under a key."""

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Return where `path` stands, or else the nearest thing around it that does.

        With `key` the place of its key is preferred to that of its value.
        """
        for end in range(len(path), -1, -1):
            near = path[:end]
            if key and near in self.keys:
                return self.keys[near]
            if near in self.places:
                return self.places[near]
        return (1, 1)

    def where(self, path: Path) -> str:
        """Return `file:line:column` of what stands at `path`, for the `also` of a problem."""
        line, column = self.place(path)
        return f"{self.path}:{line}:{column}"

    def problem(
        self,
        path: Path,
        code: str,
        message: str,
        *,
        key: bool = False,
        also: str = "",
        severity: Literal["error", "warning"] = "error",
    ) -> Problem:
        """Return a problem located at `path`."""
        line, column = self.place(path, key=key)
        return Problem(self.path, line, column, code, message, also, severity)


def read_yaml(path: pathlib.Path, *, root: pathlib.Path | None = None) -> list[YamlFile]:
    """Return the documents of one file, in order; a document that is only comments is left out.

    Scalars follow the core schema of YAML 1.2 (§10.3.2): `NO`, `on`, `12:30` and `2027-03-31` are text.
    Keys are always text.

    Args:
        path: a regular UTF-8 file of at most 1 MiB; never a link.
        root: when given, the folder below which no component of `path` may be a link.

    Raises:
        Problems: everything in the file that cannot be read exactly: LG100 for syntax, encoding, depth,
            links, anchors, aliases, tags, merge keys and directives; LG106 for numbers without an exact
            meaning; LG107 for a key that stands twice. Signs that make a file look like another one (`_ODD`)
            are LG100, and nothing else is told before they are gone.
    """
    return parse_yaml(read_text(path, root), str(path))


def parse_yaml(text: str, path: str) -> list[YamlFile]:
    """Return the documents of a text as `read_yaml` does; `path` is only what problems call it.

    Raises:
        Problems: as for `read_yaml`.
    """
    if odd := list(_odd_signs(path, text)):
        raise Problems(odd)
    reader = _Reader(path, text)
    documents = list(reader.documents())
    if reader.problems:
        raise Problems(reader.problems)
    return documents


def _odd_signs(path: str, text: str) -> Iterator[Problem]:
    for found in _ODD.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        sign = f"U+{ord(found[0]):04X}"
        message = f"{sign} makes a file look other than it is read; remove it, or write it as an escape"
        yield Problem(path, line, column, "LG100", message)


class _Reader:
    """Builds data from parser events; collects what is wrong and goes on as far as syntax allows."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._parser = CParser(text)
        self._places: dict[Path, Place] = {}
        self._keys: dict[Path, Place] = {}

    def documents(self) -> Iterator[YamlFile]:
        try:
            while not isinstance(event := self._next(), events.StreamEndEvent):
                if isinstance(event, events.DocumentStartEvent):
                    document = self._document(event)
                    if document.data is not None:
                        yield document
        except _TooDeepError:
            return
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            self.problems.append(Problem(self.path, line, column, "LG100", f"{error.problem or 'bad YAML'}"))
        except YAMLError:
            self.problems.append(Problem(self.path, 0, 0, "LG100", "has a character that YAML does not allow"))

    def _document(self, start: events.DocumentStartEvent) -> YamlFile:
        if start.version or start.tags:
            self._refuse(start, "LG100", "directives (%YAML, %TAG) are not used here; remove the line")
        self._places, self._keys = {}, {}
        data = self._value(self._next(), ())
        return YamlFile(self.path, data, MappingProxyType(self._places), MappingProxyType(self._keys))

    def _value(self, event: events.Event, path: Path) -> object:
        self._places[path] = _place(event)
        if len(path) >= MAX_DEPTH:
            self._refuse(event, "LG100", f"nests deeper than {MAX_DEPTH}")
            raise _TooDeepError
        if isinstance(event, events.AliasEvent):
            self._refuse(event, "LG100", f"alias *{event.anchor}: write the value out instead")
            return None
        assert isinstance(event, events.ScalarEvent | events.CollectionStartEvent)
        if event.anchor is not None:
            self._refuse(event, "LG100", f"anchor &{event.anchor}: anchors are not used here; remove it")
        if event.tag is not None:
            self._refuse(event, "LG100", f"tag {event.tag}: tags are not used here; remove it")
        if isinstance(event, events.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, events.SequenceStartEvent):
            return self._sequence(path)
        assert isinstance(event, events.ScalarEvent)
        return self._scalar(event)

    def _next(self) -> events.Event:
        event = self._parser.get_event()
        assert event is not None
        return event

    def _sequence(self, path: Path) -> list[object]:
        items: list[object] = []
        while not isinstance(event := self._next(), events.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, object]:
        members: dict[str, object] = {}
        while not isinstance(event := self._next(), events.MappingEndEvent):
            key = self._key(event, path)
            inner = (*path, key)
            if key in members:
                first = self._keys[inner]
                also = f"{self.path}:{first[0]}:{first[1]}"
                self._refuse(event, "LG107", f'key "{key}" stands twice; keep one', also)
            else:
                self._keys[inner] = _place(event)
            members[key] = self._value(self._next(), inner)
        return members

    def _key(self, event: events.Event, path: Path) -> str:
        if not isinstance(event, events.ScalarEvent):
            if not isinstance(event, events.AliasEvent):
                self._refuse(event, "LG100", "a key must be one plain word or quoted text")
            self._value(event, (*path, ""))
            return ""
        if event.anchor is not None or event.tag is not None:
            self._refuse(event, "LG100", "anchors and tags are not used here; remove it")
        if event.value == "<<" and event.implicit[0]:
            self._refuse(event, "LG100", "merge keys are not used here; write the keys out")
        return str(event.value)

    def _scalar(self, event: events.ScalarEvent) -> object:
        text = str(event.value)
        plain, _ = event.implicit
        if not plain:
            return text
        for pattern, make in _CORE:
            if pattern.fullmatch(text):
                try:
                    return make(text)
                except ValueError:
                    self._refuse(event, "LG106", f"{text[:40]} has no exact meaning here; put it in quotes")
                    return None
        return text

    def _refuse(self, event: events.Event, code: str, message: str, also: str = "") -> None:
        self.problems.append(Problem(self.path, *_place(event), code, message, also))


class _TooDeepError(Exception):
    """Ends the reading of a file that nests too deep; the problem is already noted."""


def _place(event: events.Event) -> Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _exact_int(text: str) -> int:
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    base = {"0o": 8, "0x": 16}.get(digits[:2], 10)
    if len(digits) > 20 or (number := sign * int(digits, base)).bit_length() > 53:
        raise ValueError
    return number


def _inexact(text: str) -> float:
    raise ValueError


# YAML 1.2.2 §10.3.2, in its order; not-a-number and infinity have no canonical form and are refused.
_CORE: Final[tuple[tuple[re.Pattern[str], Callable[[str], object]], ...]] = (
    (re.compile(r"null|Null|NULL|~|"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"), _exact_int),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,2})?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|[-+]?[0-9.]+[eE][-+]?[0-9]{3,}"), _inexact),
)
