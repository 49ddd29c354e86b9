"""A text as a person reads it: without tags, with what is written in escapes, in one case and width; each sign
with the place in the original where it stands.

So a value is found in HTML, in a link and in a body of mail, and what is taken out is taken out of the original,
which stays as it was beside that.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

JOINT: Final = "\ue000"
"""Stands for a tag: people see none, or a gap."""
_ESCAPED: Final = re.compile(
    r"%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}"
    r"|%f[0-7](?:%[89ab][0-9a-f]){3}|&#(?:\d{1,7}|x[0-9a-f]{1,6});?|&[a-z][a-z0-9]{1,31};|\\u[0-9a-f]{4}",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[/!?]?[a-z][^<>]*>|<!--[^<>]*-->", re.IGNORECASE)
_QUOTED: Final = re.compile(
    r"=\r?\n|=[0-7][0-9a-f]|=[cd][0-9a-f]=[89ab][0-9a-f]|=e[0-9a-f](?:=[89ab][0-9a-f]){2}"
    r"|=f[0-7](?:=[89ab][0-9a-f]){3}",
    re.IGNORECASE,
)
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_LETTERS: Final = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
        **dict.fromkeys("’‘‛ʼʹ`´′＇", "'"), JOINT: "\ufffd",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """Signs, and where in the original each begins and ends."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> "View":
        """Return a text as it is."""
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def put(self, pattern: re.Pattern[str], read: Callable[[str], str]) -> "View":
        """Return what is seen if what a pattern finds reads otherwise."""
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for match in pattern.finditer(self.text):
            new, (begin, end) = read(match[0]), match.span()
            if new == match[0]:
                continue
            parts += [self.text[at:begin], new]
            starts += [*self.starts[at:begin], *[self.starts[begin]] * len(new)]
            ends += [*self.ends[at:begin], *[self.ends[end - 1]] * len(new)]
            at = end
        if not at:
            return self
        parts.append(self.text[at:])
        return View("".join(parts), [*starts, *self.starts[at:]], [*ends, *self.ends[at:]])

    def folded(self, *, accents: bool) -> "View":
        """Return it in one case and width, without signs that nobody sees.

        Args:
            accents: letters keep theirs.
        """
        if self.text.isascii():
            return View(self.text.lower(), self.starts, self.ends)
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for sign, start, end in zip(self.text, self.starts, self.ends, strict=True):
            new = sign if sign == JOINT else _folded(sign, accents=accents)
            if new:
                parts.append(new)
                starts += [start] * len(new)
                ends += [end] * len(new)
            elif ends:
                ends[-1] = max(end, ends[-1])
        return View("".join(parts), starts, ends)

    def pieces(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return the stretches of the original that some signs stand for, without the tags between them."""
        found: list[tuple[int, int]] = []
        for at in range(begin, end):
            if self.text[at] == JOINT:
                continue
            start, stop = self.starts[at], self.ends[at]
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(stop, found[-1][1]))
            else:
                found.append((start, stop))
        return found


class Reading:
    """The ways in which a text can be read."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _read(self) -> tuple[View, ...]:
        raw = View.of(self._text)
        once = raw.put(_ESCAPED, _meant)
        clear = once.put(_ESCAPED, _meant)  # what was escaped twice
        mail = raw.put(_QUOTED, _unquoted)
        found = [raw, clear, clear.put(_TAG, _joint)]
        if mail is not raw:
            found.append(mail.put(_ESCAPED, _meant).put(_TAG, _joint))
        return tuple({id(each): each for each in found}.values())

    @cached_property
    def exact(self) -> tuple[View, ...]:
        """The text in which letters keep their accents, first as it is written."""
        return tuple(each.folded(accents=True) for each in self._read)

    @cached_property
    def plain(self) -> tuple[View, ...]:
        """The same without accents."""
        return tuple(each.folded(accents=False) for each in self._read)


def fold(text: str, *, accents: bool) -> str:
    """Return a value as texts are read."""
    return "".join(_folded(each, accents=accents) for each in text)


@lru_cache(maxsize=4096)
def _folded(sign: str, *, accents: bool) -> str:
    """Return what a sign reads as; "" for one that nobody sees."""
    kind = unicodedata.category(sign)
    if kind in {"Cf", "Cs"} or sign in _UNSEEN:
        return ""
    if kind == "Pd":
        return "-"
    if kind == "Nd":
        return str(unicodedata.decimal(sign))
    if kind == "Zs":
        return " "
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", sign).casefold())
    return (plain if accents else _ACCENTS.sub("", plain)).translate(_LETTERS)


_UNSEEN: Final = frozenset({"\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", *map(chr, range(0xFE00, 0xFE10))})


def _meant(escape: str) -> str:
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[0] == "\\":
        return chr(int(f"0x{escape[2:]}", 0))
    return _bytes(escape.replace("%", ""), escape)


def _unquoted(escape: str) -> str:
    return "" if escape.endswith("\n") else _bytes(escape.replace("=", ""), escape)


def _bytes(digits: str, escape: str) -> str:
    try:
        return bytes.fromhex(digits).decode()
    except UnicodeDecodeError:
        return escape


def _joint(_: str) -> str:
    return JOINT
