"""What one recipient is shown instead of a value: a pseudonym it can join its own data by, or ciphertext.

    tokenize    the same pseudonym for equal values, for this recipient alone: two partners cannot join what they
                were shown, and nobody but Lychgate can tell whether a guess is right
    encrypt     ciphertext under a key of the recipient, another each time: that there is a value, and its length

Both are made on the way out and are nowhere kept. Neither is ever written into the CRM: one that comes back is
refused as a mask is (`is_standin`), since what it stands for may have changed meanwhile.
"""

import unicodedata
from typing import Final

from proxy.crypto.marks import RecipientKeys, has_standin
from proxy.message import Tree, scalar_text
from proxy.model import Effect
from proxy.protected.normal import normal, normaliser_for
from proxy.transforms.masks import Apply


class StandIns:
    """Makes stand-ins for one recipient."""

    def __init__(self, key: bytes, recipient: str) -> None:
        """Derive the recipient's keys.

        Args:
            key: 32 bytes of this use alone.
            recipient: by the name that policy gives it.
        """
        self._keys = RecipientKeys(key, recipient)

    def compile(self, effect: Effect, element: str, semantic: str) -> Apply:
        """Return the function for one effect, TOKENIZE or ENCRYPT, on values of one data element."""
        keys, normaliser = self._keys, normaliser_for(semantic)

        def tokenize(value: Tree) -> Tree:
            text = scalar_text(value)
            return text if not text else keys.pseudonym(element, normal(normaliser, text))

        def encrypt(value: Tree) -> Tree:
            text = scalar_text(value)
            return text if not text else keys.seal(element, text)

        return tokenize if effect is Effect.TOKENIZE else encrypt


_SHORTEST: Final = 29
"""Characters of a pseudonym."""


def is_standin(value: Tree) -> bool:
    """Tell whether a value in a write is, or holds, what some recipient was shown in place of another.

    However it is written: no name, address or number holds such a text by accident, and what CRMs, forms and
    mail programs do to one (case, width, invisible signs, words around it) does not make it the truth.
    """
    if not isinstance(value, str) or len(value) < _SHORTEST:
        return False
    text = value if value.isascii() else unicodedata.normalize("NFKC", value)
    if "1" not in text:  # most have none, and that is cheaper than to look for more
        return False
    return has_standin("".join(sign for sign in text if sign.isascii() or unicodedata.category(sign) != "Cf"))
