"""A second reading of the formats of protected values, from their documentation alone.

Nothing of Lychgate is imported. GCM is put together from single AES blocks as NIST SP 800-38D sections 6.3 to
7.2 describe it, HKDF as RFC 5869, SIV as RFC 5297: what our code and a library agree on is held against a third.
"""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def hkdf(key: bytes, info: str) -> bytes:
    """Return 32 bytes by RFC 5869 with SHA-256 and no salt."""
    secret = hmac.new(bytes(32), key, hashlib.sha256).digest()
    return hmac.new(secret, info.encode() + b"\x01", hashlib.sha256).digest()


def block(key: bytes, data: bytes) -> bytes:
    """Return one block enciphered."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _times(x: int, y: int) -> int:
    """Multiply in GF(2**128) as SP 800-38D section 6.3."""
    product = 0
    for bit in range(127, -1, -1):
        if y >> bit & 1:
            product ^= x
        x = x >> 1 ^ (0xE1 << 120 if x & 1 else 0)
    return product


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def gcm_open(key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
    """Return what AES-GCM sealed with a nonce of 12 bytes; raises ValueError for a wrong tag."""
    ciphertext, tag = sealed[:-16], sealed[-16:]
    subkey = int.from_bytes(block(key, bytes(16)), "big")
    lengths = (len(bound) * 8).to_bytes(8, "big") + (len(ciphertext) * 8).to_bytes(8, "big")
    mark = 0
    data = _padded(bound) + _padded(ciphertext) + lengths
    for at in range(0, len(data), 16):
        mark = _times(mark ^ int.from_bytes(data[at : at + 16], "big"), subkey)
    first = int.from_bytes(block(key, nonce + b"\0\0\0\1"), "big")
    if (mark ^ first).to_bytes(16, "big") != tag:
        raise ValueError("wrong tag")
    stream = b"".join(
        block(key, nonce + (2 + at).to_bytes(4, "big")) for at in range((len(ciphertext) + 15) // 16)
    )
    return bytes(one ^ other for one, other in zip(ciphertext, stream, strict=False))


def unpadded(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def counted(*parts: bytes) -> bytes:
    """Return each part after its length in four bytes, big-endian."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def open_envelope(text: str, data_key: bytes, tenant: str, element: str) -> tuple[bytes, bytes, bytes]:
    """Return key id, binding id and plaintext of `lp1.` text."""
    assert text.startswith("lp1.")
    data = unpadded(text[4:])
    key_id, binding, sealed = data[:16], data[16:32], data[32:]
    bound = counted(b"lp1", tenant.encode(), element.encode(), key_id, binding)
    key = hkdf(data_key, "lychgate.dev/v1/subject/enc")
    return key_id, binding, gcm_open(key, binding[:12], sealed, bound)


def _cmac(key: bytes, data: bytes) -> bytes:
    """Return AES-CMAC (RFC 4493)."""
    doubled = _doubled(block(key, bytes(16)))
    whole, last = data[: max(0, (len(data) - 1) // 16 * 16)], data[max(0, (len(data) - 1) // 16 * 16) :]
    if len(last) == 16:
        last = _xor(last, doubled)
    else:
        last = _xor((last + b"\x80").ljust(16, b"\0"), _doubled(doubled))
    mark = bytes(16)
    for at in range(0, len(whole), 16):
        mark = block(key, _xor(mark, whole[at : at + 16]))
    return block(key, _xor(mark, last))


def _doubled(data: bytes) -> bytes:
    number = int.from_bytes(data, "big") << 1
    return (number & (1 << 128) - 1 ^ (0x87 if number >> 128 else 0)).to_bytes(16, "big")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def open_repeatable(text: str, field_key: bytes, tenant: str, element: str) -> bytes:
    """Return the plaintext of `ld1.` text (RFC 5297 section 2.7, one string of associated data)."""
    assert text.startswith("ld1.")
    data = unpadded(text[4:])
    mac = hkdf(field_key, "lychgate.dev/v1/protect/repeatable/mac")
    encrypt = hkdf(field_key, "lychgate.dev/v1/protect/repeatable/encrypt")
    vector, ciphertext = data[:16], data[16:]
    counter = int.from_bytes(vector, "big") & ~(1 << 63 | 1 << 31)
    stream = b"".join(
        block(encrypt, (counter + at & (1 << 128) - 1).to_bytes(16, "big"))
        for at in range((len(ciphertext) + 15) // 16)
    )
    clear = bytes(one ^ other for one, other in zip(ciphertext, stream, strict=False))
    derived = _doubled(_cmac(mac, bytes(16)))
    derived = _xor(derived, _cmac(mac, counted(b"ld1", tenant.encode(), element.encode())))
    if len(clear) >= 16:
        last = clear[:-16] + _xor(clear[-16:], derived)
    else:
        last = _xor(_doubled(derived), (clear + b"\x80").ljust(16, b"\0"))
    if _cmac(mac, last) != vector:
        raise ValueError("wrong vector")
    return clear


def open_for_recipient(text: str, key: bytes, recipient: str, element: str) -> str:
    """Return the plaintext of `le1.` text."""
    assert text.startswith("le1.")
    data = unpadded(text[4:])
    bound = counted(b"le1", recipient.encode(), element.encode())
    sealing = hkdf(key, f"lychgate.dev/v1/standin/encrypt/{recipient}")
    return gcm_open(sealing, data[:12], data[12:], bound).decode()


def pseudonym(key: bytes, recipient: str, element: str, normal: str) -> str:
    """Return what a recipient is shown instead of a value in normal form."""
    marking = hkdf(key, f"lychgate.dev/v1/standin/pseudonym/{recipient}")
    mark = hmac.new(marking, counted(element.encode(), normal.encode()), hashlib.sha256).digest()
    return "pn1" + base64.b32encode(mark).decode().lower()[:26]


def index(index_root: bytes, element: str, normaliser: str, normal: str) -> bytes:
    """Return the mark by which a value in normal form is found."""
    key = hkdf(index_root, f"lychgate.dev/v1/index/{element}/{normaliser}")
    return hmac.new(key, normal.encode(), hashlib.sha256).digest()
