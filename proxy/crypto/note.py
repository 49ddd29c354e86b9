"""C2SP signed notes: a few lines of text with an Ed25519 signature that says whose they are."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ED25519 = b"\x01"


class NoteSigner:
    """Signs notes under one key and name."""

    def __init__(self, seed: bytes, name: str) -> None:
        """Make the key pair.

        Args:
            seed: 32 random bytes of this use alone.
            name: whose key it is, as C2SP wants it: not empty, no white space, no plus sign.

        Raises:
            ValueError: the name or the seed is not of this form.
        """
        if not name or "+" in name or any(letter.isspace() or not letter.isprintable() for letter in name):
            raise ValueError("a key's name has no white space and no plus sign")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.name = name
        public = _ED25519 + self._key.public_key().public_bytes_raw()
        self._id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.verification_key = f"{name}+{self._id.hex()}+{base64.b64encode(public).decode()}"
        """What a verifier needs: name, key id, public key, as one line."""

    def __repr__(self) -> str:
        return f"NoteSigner({self.verification_key!r})"

    def sign(self, text: str) -> bytes:
        """Return the note: the text, a blank line, and the line of the signature.

        Args:
            text: ends with a line feed; no other control characters.

        Raises:
            ValueError: the text is not of this form.
        """
        if not text.endswith("\n") or any(ord(letter) < 32 and letter != "\n" for letter in text):
            raise ValueError("a note is lines of text")
        return f"{text}\n{self.signature(text)}".encode()

    def signature(self, text: str) -> str:
        """Return the signature's line alone, to be put under a note that others signed as well."""
        signed = base64.b64encode(self._id + self._key.sign(text.encode())).decode()
        return f"\N{EM DASH} {self.name} {signed}\n"
