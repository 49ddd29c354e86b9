"""Files appear whole, with their mode, or not at all."""

import os

import pytest

from proxy.crypto.files import MAX_BYTES, PRIVATE, PUBLIC, read_private, write_whole
from proxy.errors import Unavailable


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
@pytest.mark.parametrize("mode", [PRIVATE, PUBLIC])
def test_the_mode_does_not_depend_on_the_umask(tmp_path, umask, mode):
    """A key file is private under any umask, and a certificate readable."""
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "file", b"x", mode, replace=False)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_an_existing_file_is_kept_or_replaced_as_asked(tmp_path):
    """Without `replace` the old content stays; with it the new is there; no draft is left in either case."""
    path = tmp_path / "file"
    write_whole(path, b"old", PRIVATE, replace=False)
    with pytest.raises(FileExistsError):
        write_whole(path, b"new", PRIVATE, replace=False)
    assert path.read_bytes() == b"old"
    write_whole(path, b"new", PRIVATE, replace=True)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    """Nobody can make us write into another file by putting a link where ours will be."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"kept")
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "link", b"x", PRIVATE, replace=False)
    write_whole(tmp_path / "link", b"x", PRIVATE, replace=True)
    assert victim.read_bytes() == b"kept"
    assert not (tmp_path / "link").is_symlink()


def test_nothing_is_left_of_a_write_that_failed(tmp_path, monkeypatch):
    """When the disk refuses, neither the file nor a draft of it is there."""

    def refuse(fd):
        raise OSError(5, "as asked")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="as asked"):
        write_whole(tmp_path / "file", b"x", PRIVATE, replace=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o777])
def test_an_exposed_file_is_refused(tmp_path, mode):
    """A secret that others can reach is not used, whatever kind of access they have."""
    path = tmp_path / "file"
    path.write_bytes(b"secret")
    path.chmod(mode)
    with pytest.raises(Unavailable) as caught:
        read_private(path)
    assert (caught.value.reason, caught.value.detail) == ("key_exposed", "file")


def not_there(path):
    """Nothing."""


def a_link(path):
    """A link to a good file."""
    target = path.with_name("target")
    target.write_bytes(b"x")
    target.chmod(0o600)
    path.symlink_to(target)


def a_folder(path):
    """A folder."""
    path.mkdir(mode=0o700)


def a_pipe(path):
    """A pipe, which would block a reader for ever."""
    os.mkfifo(path, 0o600)


def too_large(path):
    """A file that is not a key."""
    path.write_bytes(bytes(MAX_BYTES + 1))
    path.chmod(0o600)


@pytest.mark.parametrize("make", [not_there, a_link, a_folder, a_pipe, too_large])
def test_what_is_not_a_private_file_is_refused(tmp_path, make):
    """Only a regular file of ours is read, and the error names it without its folder."""
    make(tmp_path / "file")
    with pytest.raises(Unavailable) as caught:
        read_private(tmp_path / "file")
    assert (caught.value.reason, caught.value.detail) == ("key_unreadable", "file")
    assert str(tmp_path) not in str(caught.value)


def test_a_private_file_is_read(tmp_path):
    """What was written privately is read back."""
    write_whole(tmp_path / "file", b"secret", PRIVATE, replace=False)
    assert read_private(tmp_path / "file") == b"secret"
