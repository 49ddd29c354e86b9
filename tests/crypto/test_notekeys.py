"""The keys of checkpoints: made on demand, exchanged, and none of their public halves forgotten."""

import stat

import pytest

from proxy.crypto.notekeys import NoteKeys
from proxy.errors import Unavailable


@pytest.fixture
def keys(tmp_path):
    """Keys of an installation that never signed."""
    return NoteKeys(tmp_path, tmp_path / "public", "example/one")


def test_the_first_key_is_made_and_kept(keys, tmp_path):
    """It is private, its public half is listed, and the next run signs with the same."""
    assert keys.public() == ""
    signer = keys.signer()
    assert keys.public() == signer.verification_key + "\n"
    assert stat.S_IMODE((tmp_path / "checkpoint-1.key").stat().st_mode) == 0o600
    again = NoteKeys(tmp_path, tmp_path / "public", "example/one").signer()
    assert again.verification_key == signer.verification_key
    assert keys.public() == signer.verification_key + "\n"


def test_a_rotation_that_broke_off_is_made_good(keys, tmp_path):
    """Whatever the last thing written was, the newest key signs, and is on the list."""
    first = keys.signer().verification_key
    old, new = keys.rotate()
    assert old.verification_key == first != new.verification_key
    (tmp_path / "public").write_text(first + "\n")  # as if we had died before the list was written
    assert keys.signer().verification_key == new.verification_key
    assert keys.public().split() == [first, new.verification_key]
    keys.retire()
    assert sorted(path.name for path in tmp_path.glob("*.key")) == ["checkpoint-2.key"]
    third = keys.rotate()[1]
    keys.retire()
    assert [path.name for path in tmp_path.glob("*.key")] == ["checkpoint-3.key"]
    assert keys.public().split() == [first, new.verification_key, third.verification_key]


def test_another_name_is_another_verification_key(keys, tmp_path):
    """The list keeps both."""
    first = keys.signer().verification_key
    second = NoteKeys(tmp_path, tmp_path / "public", "example/two").signer().verification_key
    assert keys.public().split() == [first, second]


def test_an_exposed_key_does_not_sign(keys, tmp_path):
    """As every other key."""
    keys.signer()
    (tmp_path / "checkpoint-1.key").chmod(0o644)
    with pytest.raises(Unavailable, match="key_exposed"):
        keys.signer()


def test_a_list_that_cannot_be_read_or_written_stops_it(keys, tmp_path):
    """Nothing is signed by a key that nobody could look up."""
    (tmp_path / "public").mkdir()
    with pytest.raises(Unavailable, match="key_unreadable"):
        keys.signer()
    lost = NoteKeys(tmp_path, tmp_path / "missing" / "public", "example/one")
    with pytest.raises(Unavailable, match="key_unwritable"):
        lost.signer()
