"""The key ring's own ways: its file, its passphrase, and processes that share it."""

import json
import os
from pathlib import Path

import pytest

from proxy.crypto.providers import Custody, KeyringFile
from proxy.errors import Unavailable

CHEAP = {"n": 2, "r": 8, "p": 1}
"""Only for tests."""


def ring(path: Path, **how: object) -> KeyringFile:
    """Return a key ring at `path`, unlocked by a key unless told otherwise."""
    return KeyringFile(path / "k.json", **(how or {"key": bytes(32)}), cost=CHEAP)


def test_a_passphrase_opens_what_it_closed(tmp_path: Path) -> None:
    """Another process with the passphrase can use the keys; what is in the file alone is of no use."""
    handle = ring(tmp_path, passphrase="correct horse").generate("e1", "wrap")
    (wrapped,) = ring(tmp_path, passphrase="correct horse").wrap(handle, [(b"k" * 32, b"for")])
    assert ring(tmp_path, passphrase="correct horse").unwrap(handle, [(wrapped, b"for")]) == [b"k" * 32]


@pytest.mark.parametrize("how", [{"passphrase": "wrong"}, {"key": bytes(32)}])
def test_a_wrong_passphrase_is_locked(tmp_path: Path, how: dict[str, object]) -> None:
    """It is said to be locked, at the first look."""
    handle = ring(tmp_path, passphrase="correct horse").generate("e1", "wrap")
    for call in (ring(tmp_path, **how).ping, lambda: ring(tmp_path, **how).wrap(handle, [(b"k", b"")])):
        with pytest.raises(Unavailable, match="provider_locked"):
            call()


def test_a_ring_without_a_passphrase_does_not_take_one(tmp_path: Path) -> None:
    """Somebody who configured a passphrase is told that the file does without."""
    ring(tmp_path).generate("e1", "wrap")
    with pytest.raises(Unavailable, match="provider_locked"):
        ring(tmp_path, passphrase="correct horse").ping()


def test_a_ring_needs_exactly_one_way_to_unlock_it(tmp_path: Path) -> None:
    """An empty passphrase is none."""
    for how in ({"passphrase": "", "key": None}, {"passphrase": "x", "key": bytes(32)}):
        with pytest.raises(ValueError, match="unlocked by"):
            KeyringFile(tmp_path / "k", **how)


def test_the_file_is_private_and_has_no_key_in_clear(tmp_path: Path) -> None:
    """Mode 0600, and the random bytes that are keys are nowhere in it."""
    taken: list[bytes] = []

    def random(count: int) -> bytes:
        taken.append(os.urandom(count))
        return taken[-1]

    held = KeyringFile(tmp_path / "k.json", passphrase="correct horse", cost=CHEAP, random=random)
    held.generate("e1", "wrap")
    text = (tmp_path / "k.json").read_bytes()
    assert (tmp_path / "k.json").stat().st_mode & 0o777 == 0o600
    (key,) = (each for each in taken if len(each) == 32)
    assert key not in text
    assert key.hex().encode() not in text.lower()
    assert b"correct horse" not in text


def test_what_one_process_destroys_another_cannot_use(tmp_path: Path) -> None:
    """Each looks at the file before each use, so nothing lives on in a process that had the key open."""
    one, other = ring(tmp_path), ring(tmp_path)
    handle = one.generate("e1", "wrap")
    (wrapped,) = other.wrap(handle, [(b"k" * 32, b"")])
    one.destroy(handle)
    assert other.custody(handle) is Custody.ABSENT
    with pytest.raises(Unavailable, match="provider_key_absent"):
        other.unwrap(handle, [(wrapped, b"")])


def test_a_key_cannot_take_anothers_place(tmp_path: Path) -> None:
    """Swapping two keys in the file is noticed: each is bound to its handle and kind."""
    held = ring(tmp_path)
    held.generate("e1", "wrap")
    held.generate("e2", "wrap")
    path = tmp_path / "k.json"
    document = json.loads(path.read_bytes())
    document["keys"]["e1"], document["keys"]["e2"] = document["keys"]["e2"], document["keys"]["e1"]
    path.write_text(json.dumps(document))
    with pytest.raises(Unavailable, match="provider_locked"):
        ring(tmp_path).wrap("e1", [(b"k", b"")])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"version": 2, "scrypt": null, "keys": {}}',
        '{"version": 1, "scrypt": null, "keys": {"a": 1}}',
        '{"version": 1, "scrypt": null, "keys": {}, "more": 1}',
        # 2**40 rounds would take a terabyte and an age
        json.dumps({"version": 1, "scrypt": {"salt": "A" * 24, "n": 1 << 40, "r": 8, "p": 1}, "keys": {}}),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    """Nothing is guessed, and nothing is waited for."""
    (tmp_path / "k.json").write_text(text)
    (tmp_path / "k.json").chmod(0o600)
    with pytest.raises(Unavailable, match="provider_failed"):
        ring(tmp_path).ping()


def test_an_exposed_file_is_refused(tmp_path: Path) -> None:
    """A key ring that the group can read is not used."""
    ring(tmp_path).generate("e1", "wrap")
    (tmp_path / "k.json").chmod(0o640)
    with pytest.raises(Unavailable, match="key_exposed"):
        ring(tmp_path).ping()


def test_a_missing_folder_is_the_operators(tmp_path: Path) -> None:
    """The error names the part, without a path."""
    with pytest.raises(Unavailable, match="provider_failed"):
        ring(tmp_path / "missing").generate("e1", "wrap")


def test_a_change_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    """The same label twice is refused, and the first key goes on."""
    held = ring(tmp_path)
    handle = held.generate("e1", "wrap")
    before = (tmp_path / "k.json").read_bytes()
    with pytest.raises(Unavailable, match="provider_key_exists"):
        held.generate("e1", "wrap")
    with pytest.raises(ValueError, match="label"):
        held.generate("E/1", "wrap")
    assert (tmp_path / "k.json").read_bytes() == before
    held.wrap(handle, [(b"k", b"")])
    assert "k.json" in held.where
    held.close()
    held.wrap(handle, [(b"k", b"")])
