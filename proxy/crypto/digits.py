"""Numbers as other numbers of the same layout, so that a field which takes nothing but digits can hold them.

    digits of the value and six of its check, encrypted by FF1, in the value's layout | those six | six public

FF1 (`proxy.crypto.ff1`, radix 10) under 32 bytes: HKDF of the field's key with info
"lychgate.dev/v1/protect/digits/encrypt"; tweak: "lf1", tenant and data element, each after its length. The check
is HMAC-SHA256 (info ".../digits/check") of tweak and value, modulo 10**6: a wrong key, another element or a
changed digit is told, but for one in a million. The public digits are SHA-256 of "lf1" and all digits before
them, modulo 10**6: by them anybody tells that this is no number of somebody.

What it costs is what deterministic envelopes cost (`proxy.crypto.repeatable`), and signs between the digits stay
where they are. A value has six digits at least: of fewer there are not a million (SP 800-38G revision 1).
"""

import hashlib
import hmac
import re
from typing import Final

from proxy.crypto.derive import derive
from proxy.crypto.envelope import lengths
from proxy.crypto.ff1 import Ff1
from proxy.errors import Undecodable

VERSION: Final = "lf1"
CHECK: Final = 6
MORE: Final = 2 * CHECK
"""Characters that a sealed number has more than the number."""
LEAST: Final = 6
"""Digits of a value."""
_MOST: Final = 64
_MODULUS: Final = 10**CHECK
_LAYOUT: Final = re.compile(r"[0-9 ./()+-]{6,64}", re.ASCII)
_DIGIT: Final = re.compile("[0-9]", re.ASCII)


def fits(text: str) -> bool:
    """Tell whether a value can be sealed: digits, six at least, and signs that stand between digits."""
    return _LAYOUT.fullmatch(text) is not None and len(_DIGIT.findall(text)) >= LEAST


def room(length: int) -> int:
    """Return how many characters a value may have so that it fits sealed into so many; below 0 if none does."""
    return min(length - MORE, _MOST)


def is_sealed(text: str) -> bool:
    """Tell whether a text is a sealed number, as its last digits say; of others one in a million seems so."""
    if len(text) < LEAST + MORE or not text[-MORE:].isascii() or not text[-MORE:].isdigit():
        return False
    return fits(text[:-MORE]) and text[-CHECK:] == _public(text[:-CHECK])


def _public(text: str) -> str:
    digits = "".join(_DIGIT.findall(text)).encode()
    return _six(hashlib.sha256(lengths(VERSION.encode(), digits)).digest())


def _six(digest: bytes) -> str:
    return f"{int.from_bytes(digest, 'big') % _MODULUS:0{CHECK}}"


class DigitsKey:
    """Seals and opens the numbers of one data element, always the same way."""

    __slots__ = ("_check", "_cipher", "_tweak")

    def __init__(self, key: bytes, tenant: str, element: str) -> None:
        """Derive what is needed; `key` is not kept.

        Raises:
            ValueError: the key is not 32 bytes long.
        """
        self._cipher = Ff1(derive(key, "protect/digits/encrypt"), 10)
        self._check = derive(key, "protect/digits/check")
        self._tweak = lengths(VERSION.encode(), tenant.encode(), element.encode())

    def seal(self, plaintext: bytes) -> str:
        """Return the one text that stands for a value; raises ValueError unless it `fits`."""
        text = plaintext.decode("utf-8", "replace")
        if not fits(text):
            raise ValueError("a value is sealed in its layout if it has digits alone, six at least")
        numerals = [int(each) for each in (*_DIGIT.findall(text), *self._checked(text))]
        sealed = "".join(map(str, self._cipher.encrypt(numerals, self._tweak)))
        laid_out = _laid_out(text, sealed) + sealed[-CHECK:]
        return laid_out + _public(laid_out)

    def open(self, text: str) -> bytes:
        """Return the value behind a text.

        Raises:
            Undecodable: `sealed_malformed`, `sealed_not_authentic` (changed, or of another element or tenant).
        """
        if not is_sealed(text):
            raise Undecodable("sealed_malformed")
        numerals = [int(each) for each in _DIGIT.findall(text[:-CHECK])]
        opened = "".join(map(str, self._cipher.decrypt(numerals, self._tweak)))
        found = _laid_out(text[:-MORE], opened)
        if not hmac.compare_digest(self._checked(found), opened[-CHECK:]):
            raise Undecodable("sealed_not_authentic")
        return found.encode()

    def _checked(self, text: str) -> str:
        return _six(hmac.digest(self._check, self._tweak + text.encode(), "sha256"))


def _laid_out(layout: str, digits: str) -> str:
    """Return a layout with its digits replaced, in order."""
    rest = iter(digits)
    return _DIGIT.sub(lambda _: next(rest), layout)
