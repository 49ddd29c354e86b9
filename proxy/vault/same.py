"""Values for which there is one text only: whoever has the value finds it, and no row says where it belongs."""

from typing import Final, Literal

from proxy.crypto import digits, repeatable
from proxy.errors import Undecodable
from proxy.keys import Keys

Kind = Literal["", "deterministic", "digits"]
_DIGITS: Final = 20
"""Of a number that nobody has; 64 bits have no more."""


def kind_of(text: str) -> Kind:
    """Return in which way a text is always the same for the same value; "" if in none."""
    if text.startswith(repeatable.PREFIX):
        return "deterministic"
    return "digits" if digits.is_sealed(text) else ""


class Same:
    """Seals and opens such values; derives what it needs once, so it is for one exchange."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._made: dict[tuple[str, str], repeatable.FieldKey | digits.DigitsKey] = {}

    def seal(self, kind: str, element: str, clear: bytes) -> str:
        """Return the one text that stands for a value.

        Raises:
            Unavailable: keys cannot be used now.
        """
        return self._key(kind, element).seal(clear)

    def sought(self, kind: str, element: str, text: str, random: bytes) -> str:
        """Return the text that a value is found by.

        Args:
            kind: of the protection.
            element: of the data.
            text: the value.
            random: 8 bytes, for a value that no such field can have.

        Raises:
            Unavailable: keys cannot be used now.
        """
        if kind == "digits" and not digits.fits(text):
            # A filter has to say something: nobody has this number, and nobody this value in such a field.
            text = str(10**_DIGITS + int.from_bytes(random, "big"))
        return self.seal(kind, element, text.encode())

    def open(self, text: str, element: str) -> str | None:
        """Return what a text of `kind_of` stands for, None if it was changed, or is of another element.

        Raises:
            Unavailable: keys cannot be used now.
        """
        try:
            return self._key(kind_of(text), element).open(text).decode("utf-8", "surrogatepass")
        except Undecodable:
            return None

    def _key(self, kind: str, element: str) -> repeatable.FieldKey | digits.DigitsKey:
        found = self._made.get((kind, element))
        if found is None:
            tenant = self._keys.tenant().decode()
            made = digits.DigitsKey if kind == "digits" else repeatable.FieldKey
            label = "digits" if kind == "digits" else "repeatable"
            found = made(self._keys.index_key(f"{element}/{label}"), tenant, element)
            self._made[kind, element] = found
        return found
