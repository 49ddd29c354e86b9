"""Texts in quotes: what CEL's escape sequences stand for, and the one way we write a text."""

import re
from typing import Final

_SIGNS: Final = {
    **{sign: sign for sign in "\\?\"'`"},
    **dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True)),
}
_ESCAPE: Final = re.compile(
    r"\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL
)
_WRITTEN: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def unescaped(quoted: str) -> str:
    """Return what stands between two quotes with every escape sequence replaced by its character.

    Raises:
        ValueError: an escape sequence that CEL does not have, or one for no character.
    """
    return _ESCAPE.sub(_character, quoted)


def quoted(text: str) -> str:
    """Return the text in double quotes; characters that a reader would not see are escaped."""
    plain = text.isprintable() and "\\" not in text and '"' not in text
    return f'"{text}"' if plain else '"' + "".join(map(_written, text)) + '"'


def _character(found: re.Match[str]) -> str:
    short, four, eight, octal, sign = found.groups()
    if sign is not None:
        if sign not in _SIGNS:
            raise ValueError(f'there is no escape sequence "{found[0]}"; a backslash itself is "\\\\"')
        return _SIGNS[sign]
    code = int(octal, 8) if octal is not None else int(short or four or eight, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError(f'"{found[0]}" is no character')
    return chr(code)


def _written(sign: str) -> str:
    if sign in _WRITTEN:
        return _WRITTEN[sign]
    if sign.isprintable():
        return sign
    return f"\\u{ord(sign):04x}" if ord(sign) <= 0xFFFF else f"\\U{ord(sign):08x}"
