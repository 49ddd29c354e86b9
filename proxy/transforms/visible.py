"""The part of a text that may be shown, or nothing: the rule every mask goes by.

A part is shown only if it is less than half of the text, counted in grapheme clusters (UAX #29), and can be
shown as what it is. Refusing is always safe here, so every doubt ends in None.

Why a library for clusters: `unicodedata` knows combining marks but not emoji sequences, flags, Hangul or
Indic conjuncts. wcwidth does, comes with mitmproxy and is written in C.
"""

from typing import Final

from wcwidth import iter_graphemes

LONGEST: Final = 1_024
"""Code points; a longer text is not what partial masks are for, and is hidden whole."""
WIDEST: Final = 4
"""Code points per cluster, on average: a cluster of fifty marks could carry the rest of the text."""


def head(text: str, count: int) -> str | None:
    """Return the first `count` clusters of `text` if they may be shown."""
    if len(text) > LONGEST or len(text) <= 2 * count or "*" in text:
        return None
    if text.isascii():
        return _printable(text[:count], count)
    clusters = list(iter_graphemes(text))
    return _printable("".join(clusters[:count]), count) if 2 * count < len(clusters) else None


def tail(text: str, count: int) -> str | None:
    """Return the last `count` clusters of `text` if they may be shown."""
    if len(text) > LONGEST or len(text) <= 2 * count or "*" in text:
        return None
    if text.isascii():
        return _printable(text[-count:], count)
    clusters = list(iter_graphemes(text))
    return _printable("".join(clusters[-count:]), count) if 2 * count < len(clusters) else None


def hides(shown: tuple[str, ...], hidden: tuple[str, ...]) -> bool:
    """Say whether no hidden part can be read in a shown one, by accident or not, in any case."""
    readable = "\n".join(shown).casefold()
    return all(part.casefold() not in readable for part in hidden)


def _printable(part: str, count: int) -> str | None:
    # False for control, format, surrogate, private and unassigned characters, and for odd spaces.
    return part if part.isprintable() and len(part) <= WIDEST * count else None
