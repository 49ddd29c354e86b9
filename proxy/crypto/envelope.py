"""Envelopes: one field's value as authenticated text that says which key opens it and where it belongs.

    lp1.<base64url, no padding, of:  key id 16 | binding id 16 | ciphertext n | tag 16>

    key    HKDF-SHA256 (RFC 5869) of the data key, no salt, info "lychgate.dev/v1/subject/enc"
    nonce  the first 12 bytes of the binding id
    AAD    "lp1", tenant, data element, key id, binding id; each after its length, 4 bytes big-endian

AES-256-GCM (NIST SP 800-38D). A binding id is 128 random bits that are drawn anew for every value that is
sealed, so it is nonce and name of the value in one: the 12 bytes that a nonce of its own would take are 16
characters of a CRM's field. One data key seals the few values of one person, far from the 2**32 of SP 800-38D
section 8.3.

What this does not do: tell that an envelope was moved to another record of the same element. The binding id is
in the AAD, so nobody can change it; that it stands where it was put is looked up in the vault (`proxy.vault`).
"""

import binascii
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.crypto.derive import KEY_BYTES
from proxy.errors import Undecodable

VERSION: Final = "lp1"
PREFIX: Final = VERSION + "."
KEY_ID_BYTES: Final = 16
BINDING_BYTES: Final = 16
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
OVERHEAD: Final = KEY_ID_BYTES + BINDING_BYTES + TAG_BYTES
"""Bytes that an envelope has beside its plaintext, before base64url."""
_HEAD: Final = KEY_ID_BYTES + BINDING_BYTES
_KEY_ID: Final = KEY_ID_BYTES.to_bytes(4, "big")
_BINDING: Final = BINDING_BYTES.to_bytes(4, "big")
_TO_PLAIN: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
"""The two alphabets differ in these; what only the other one has is in none."""
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_ENDS: Final = {2: "AQgw", 3: "AEIMQUYcgkosw048"}
"""With what texts end of which so many characters are left over: the bits that say nothing are 0."""


class Envelope(bytes):
    """The bytes of an envelope, unverified: key id, binding id, ciphertext and tag.

    Plain bytes with names for their parts, since a page has hundreds.
    """

    __slots__ = ()

    @property
    def key_id(self) -> bytes:
        """Of the data key that opens it."""
        return self[:KEY_ID_BYTES]

    @property
    def binding(self) -> bytes:
        """Names the value, and is its nonce."""
        return self[KEY_ID_BYTES:_HEAD]


@lru_cache(maxsize=1_024)
def context_of(tenant: str, element: str) -> bytes:
    """Return the part of the AAD that all values of one data element share."""
    return lengths(VERSION.encode(), tenant.encode(), element.encode())


def lengths(*parts: bytes) -> bytes:
    """Return parts so joined that no other parts come to the same bytes."""
    return b"".join(map(counted, parts))


def counted(part: bytes) -> bytes:
    """Return one part as it stands in `lengths`."""
    return len(part).to_bytes(4, "big") + part


def characters(plaintext: int) -> int:
    """Return how many characters the envelope of so many bytes has."""
    return len(PREFIX) + ((plaintext + OVERHEAD) * 8 + 5) // 6


def room(length: int) -> int:
    """Return how many bytes fit into an envelope of so many characters; below 0 if none does."""
    return (length - len(PREFIX)) * 6 // 8 - OVERHEAD


def parse(text: str) -> Envelope | None:
    """Return an envelope taken apart, None if this is none."""
    data = raw(text)
    return Envelope(data) if data else None


def raw(text: str) -> bytes:
    """Return the bytes of an envelope, unverified; b"" if this is none."""
    if not text.startswith(PREFIX):
        return b""
    data = decode(text[len(PREFIX) :])
    return data if len(data) >= OVERHEAD else b""


class DataKey:
    """Seals and opens values under one data key; the key schedule is made once."""

    __slots__ = ("_bound", "_cipher", "id")

    def __init__(self, key: bytes, key_id: bytes) -> None:
        """Take a key of this use alone, derived from the data key with that id.

        Raises:
            ValueError: the key is not 32 bytes long, or the id not 16.
        """
        if len(key_id) != KEY_ID_BYTES or len(key) != KEY_BYTES:
            raise ValueError("a data key has 32 bytes, and its id 16")
        self._cipher = AESGCM(key)
        self._bound = _KEY_ID + key_id + _BINDING
        self.id = key_id

    def __repr__(self) -> str:
        return f"DataKey({self.id.hex()})"

    def seal(self, plaintext: bytes, context: bytes, binding: bytes) -> str:
        """Return the envelope of a value.

        Args:
            plaintext: any bytes; their length shows.
            context: from `context_of`.
            binding: 16 fresh random bytes; MUST NOT be used for a second value.

        Raises:
            ValueError: the binding is not 16 bytes long.
        """
        if len(binding) != BINDING_BYTES:
            raise ValueError("a binding id has 16 bytes")
        bound = context + self._bound + binding
        sealed = self._cipher.encrypt(binding[:NONCE_BYTES], plaintext, bound)
        return PREFIX + encode(self.id + binding + sealed)

    def open(self, data: bytes, context: bytes) -> bytes:
        """Return the plaintext of what this key sealed in this context.

        Args:
            data: of an envelope, from `parse` or `raw`.
            context: as it was sealed in.

        Raises:
            Undecodable: `sealed_unknown_key`, `sealed_not_authentic` (changed, or of another context).
        """
        if data[:KEY_ID_BYTES] != self.id:
            raise Undecodable("sealed_unknown_key")
        binding = data[KEY_ID_BYTES:_HEAD]
        try:
            return self._cipher.decrypt(binding[:NONCE_BYTES], data[_HEAD:], context + self._bound + binding)
        except (InvalidTag, ValueError):
            raise Undecodable("sealed_not_authentic") from None


def open_each(keys: Mapping[bytes, DataKey], sealed: Iterable[tuple[bytes, bytes]]) -> list[bytes | None]:
    """Return the plaintext of each envelope whose key is there, None for what does not open.

    Args:
        keys: by id.
        sealed: the bytes of each envelope, from `raw`, and its context: as `DataKey.open` takes them.
    """
    found: list[bytes | None] = []
    for data, context in sealed:
        key = keys.get(data[:KEY_ID_BYTES])
        if key is None:
            found.append(None)
            continue
        binding, bound = data[KEY_ID_BYTES:_HEAD], key._bound
        try:
            found.append(key._cipher.decrypt(binding[:NONCE_BYTES], data[_HEAD:], context + bound + binding))
        except (InvalidTag, ValueError):
            found.append(None)
    return found


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes; b"" for what `encode` never writes, so that no two texts say the same."""
    more = -len(text) % 4
    try:
        padded = text.encode("ascii").translate(_TO_PLAIN) + b"==="[:more]
        data = binascii.a2b_base64(padded, strict_mode=True)
    except ValueError:
        return b""
    return data if not more or text[-1] in _ENDS[4 - more] else b""
