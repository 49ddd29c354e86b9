"""Key files hold 32 random bytes for their owner."""

import pytest

from proxy.crypto.keyfile import create_key, read_key
from proxy.errors import Unavailable


def test_a_created_key_is_read_back(tmp_path):
    """The key is 32 bytes, on the disk, private, and different each time."""
    one, other = create_key(tmp_path / "one"), create_key(tmp_path / "other")
    assert read_key(tmp_path / "one") == one
    assert len(one) == 32
    assert one != other
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600


def test_randomness_comes_from_where_it_is_told(tmp_path):
    """The source is an argument, so that a test can be exact."""
    assert create_key(tmp_path / "key", random=lambda count: b"r" * count) == b"r" * 32


def test_an_existing_key_is_never_overwritten(tmp_path):
    """Creating a key twice loses nothing."""
    key = create_key(tmp_path / "key")
    with pytest.raises(Unavailable, match="key_exists"):
        create_key(tmp_path / "key")
    assert read_key(tmp_path / "key") == key


def test_a_key_that_cannot_be_written_is_unavailable(tmp_path):
    """A missing folder is our error, without its path."""
    with pytest.raises(Unavailable, match="key_unwritable") as caught:
        create_key(tmp_path / "missing" / "key")
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(tmp_path, length):
    """A cut or edited key file is not used."""
    (tmp_path / "key").write_bytes(bytes(length))
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(Unavailable, match="key_wrong_length"):
        read_key(tmp_path / "key")


def test_an_exposed_key_is_refused(tmp_path):
    """A key that the group can read is not a secret."""
    create_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(Unavailable, match="key_exposed"):
        read_key(tmp_path / "key")
