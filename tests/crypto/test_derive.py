"""One key per use."""

import pytest
from cryptography.hazmat.primitives import hashes, hmac

from proxy.crypto.derive import LABEL, derive

ROOT = bytes(range(32))


def rfc5869(key, info):
    """HKDF-SHA256 for one block, written out from RFC 5869 §2.2 and §2.3: salt of zeros, T(1)."""

    def mac(secret, message):
        made = hmac.HMAC(secret, hashes.SHA256())
        made.update(message)
        return made.finalize()

    return mac(mac(bytes(32), key), info + b"\x01")


@pytest.mark.parametrize("use", ["pseudonyms", "continuation", "é"])
def test_it_is_rfc_5869_with_our_label(use):
    """Whoever has the root key and the documented label derives the same key."""
    assert derive(ROOT, use) == rfc5869(ROOT, (LABEL + use).encode())


def test_uses_have_different_keys():
    """No key serves two uses."""
    assert len({derive(ROOT, use) for use in ("a", "b", "ab", "a/b")}) == 4


@pytest.mark.parametrize(("key", "use"), [(b"", "use"), (bytes(31), "use"), (bytes(33), "use"), (bytes(32), "")])
def test_a_wrong_key_or_no_use_is_refused(key, use):
    """A short key is never stretched, and every derivation says what for."""
    with pytest.raises(ValueError, match="32 bytes"):
        derive(key, use)
