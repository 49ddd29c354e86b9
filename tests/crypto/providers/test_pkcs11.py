"""What is peculiar to hardware modules: one thread, PINs, tokens that are lost, keys that never leave."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from proxy.crypto.providers import Pkcs11
from proxy.crypto.wrapping import Wrapping
from proxy.errors import Unavailable
from tests.crypto.providers.conftest import hsm_of
from tests.services import SoftHsm

ASK = """
import json, sys
from pathlib import Path
from proxy.crypto.providers import Pkcs11
from proxy.errors import Unavailable
module, token, pin, *steps = sys.argv[1:]
held = Pkcs11(Path(module), token, pin)
said = []
for step in steps:
    try:
        said.append(eval(step))
    except Unavailable as error:
        said.append(str(error))
print(json.dumps(said, default=str))
"""


def elsewhere(hsm: SoftHsm, *steps: str, pin: str | None = None, token: str | None = None) -> list[object]:
    """Return what each step says in a process of its own: a login belongs to the process."""
    command = [sys.executable, "-c", ASK, str(hsm.module), token or hsm.token, pin or hsm.pin, *steps]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_the_library_is_called_by_one_thread_only(
    softhsm_token: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads in the library at once make SoftHSM fail (standards.md B.1): they never are.

    Every call is watched, on its way in and out; several clients of one token share the thread.
    """
    inside, seen, most = [0], set(), [0]
    inner = Pkcs11._translated

    def watched(self: Pkcs11, job: object) -> object:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        seen.add(threading.get_ident())
        try:
            return inner(self, job)
        finally:
            inside[0] -= 1

    monkeypatch.setattr(Pkcs11, "_translated", watched)
    clients = [hsm_of(softhsm_token) for _ in range(3)]
    handle = clients[0].generate(f"one-thread-{os.urandom(4).hex()}", "wrap")
    failed = []

    def ask(client: Pkcs11) -> None:
        try:
            for _ in range(30):
                (wrapped,) = client.wrap(handle, [(bytes(32), b"")])
                assert client.unwrap(handle, [(wrapped, b"")]) == [bytes(32)]
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients for _ in range(2)]
    for thread in threads:
        thread.start()
    askers = {thread.ident for thread in threads}
    for thread in threads:
        thread.join()
    assert not failed
    assert (len(seen), most[0]) == (1, 1)
    assert not seen & askers


def test_keys_never_leave(softhsm_token: SoftHsm) -> None:
    """The module itself refuses to say what a key is, and says that nobody ever could."""
    held = hsm_of(softhsm_token)
    handle = held.generate(f"never-{os.urandom(4).hex()}", "wrap")

    def look() -> tuple[bool, bool, bool, str]:
        import pkcs11

        key = held._key(handle, "wrap")
        flags = [pkcs11.Attribute.SENSITIVE, pkcs11.Attribute.NEVER_EXTRACTABLE, pkcs11.Attribute.MODIFIABLE]
        try:
            key[pkcs11.Attribute.VALUE]
            said = "told"
        except pkcs11.AttributeSensitive:
            said = "refused"
        return (*(key[flag] for flag in flags), said)

    assert held._call(look) == (True, True, False, "refused")


def test_what_the_module_wraps_is_plain_aes_gcm(softhsm_token: SoftHsm) -> None:
    """An independent judge opens it: the same key, brought in by hand, gives the same bytes."""
    import pkcs11

    held, key = hsm_of(softhsm_token), os.urandom(32)
    label = f"known-{os.urandom(4).hex()}"

    def bring() -> None:
        attribute = pkcs11.Attribute
        held._opened().create_object(
            {
                attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
                attribute.KEY_TYPE: pkcs11.KeyType.AES,
                attribute.LABEL: label,
                attribute.VALUE: key,
                attribute.TOKEN: True,
                attribute.ENCRYPT: True,
                attribute.DECRYPT: True,
            }
        )

    held._call(bring)
    (wrapped,) = held.wrap(label, [(b"k" * 32, b"bound")])
    assert Wrapping(key).unwrap(wrapped, b"bound") == b"k" * 32
    assert held.unwrap(label, [(Wrapping(key).wrap(b"j" * 32, b"b"), b"b")]) == [b"j" * 32]


def test_a_wrong_pin_is_locked(softhsm_token: SoftHsm) -> None:
    """It is the operator's to mend, and is not printed."""
    (said,) = elsewhere(softhsm_token, "held.ping()", pin="9999")
    assert said == "provider_locked (pkcs11)"


def test_a_pin_that_was_refused_is_not_tried_again(softhsm_token: SoftHsm) -> None:
    """A hardware module counts the tries, and every request and every look at it would be one."""
    said = elsewhere(
        softhsm_token,
        "held.ping()",
        f"setattr(held, '_pin', {softhsm_token.pin!r})",  # it would be right by now, if it were tried
        "held.ping()",
        "held.custody('any')",
        pin="9999",
    )
    assert said == ["provider_locked (pkcs11)", None, *["provider_locked (pkcs11)"] * 2]


def test_the_last_try_for_a_pin_is_left_to_a_person(softhsm_token: SoftHsm) -> None:
    """Ours may be the wrong one; whoever knows the right one has to have a try left."""
    import pkcs11

    held = hsm_of(softhsm_token)
    held._check_tries(SimpleNamespace(flags=pkcs11.TokenFlag.USER_PIN_COUNT_LOW))
    with pytest.raises(Unavailable, match="provider_locked") as raised:
        held._check_tries(SimpleNamespace(flags=pkcs11.TokenFlag.USER_PIN_FINAL_TRY))
    assert softhsm_token.pin not in str(raised.value)


def test_no_such_token(softhsm_token: SoftHsm) -> None:
    """A token that is not there is unreachable."""
    assert elsewhere(softhsm_token, "held.ping()", token="other") == ["provider_unreachable (pkcs11)"]


def test_no_such_library(tmp_path: Path) -> None:
    """So is a library that is not there."""
    command = [sys.executable, "-c", ASK, str(tmp_path / "none.so"), "t", "1", "held.ping()"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert json.loads(said) == ["provider_unreachable (pkcs11)"]


def test_a_key_that_another_process_destroyed(softhsm_token: SoftHsm) -> None:
    """Whoever had it in hand cannot use it any more."""
    held = hsm_of(softhsm_token)
    handle = held.generate(f"gone-{os.urandom(4).hex()}", "wrap")
    (wrapped,) = held.wrap(handle, [(bytes(32), b"")])
    assert elsewhere(softhsm_token, f"held.destroy({handle!r})") == [0.0]
    with pytest.raises(Unavailable, match="provider_key_absent"):
        held.unwrap(handle, [(wrapped, b"")])


def test_a_library_that_began_anew(softhsm_token: SoftHsm) -> None:
    """Handles are numbers, and come again: a client that had a key in hand does not use another's by mistake."""
    one, other = hsm_of(softhsm_token), hsm_of(softhsm_token)
    handles = [one.generate(f"anew-{os.urandom(4).hex()}", "wrap") for _ in range(3)]
    wrapped = [one.wrap(handle, [(bytes(32), b"")])[0] for handle in handles]
    other._began = float("-inf")
    with pytest.raises(Unavailable, match="provider_key_absent"):
        other.wrap("nobody-has-this", [(bytes(32), b"")])
    assert one._thread.restarts
    for handle, each in reversed(list(zip(handles, wrapped, strict=True))):
        assert one.unwrap(handle, [(each, b"")]) == [bytes(32)]


@pytest.mark.parametrize("left", ["nothing", "an empty place"])
def test_a_token_that_is_lost(softhsm_token: SoftHsm, left: str) -> None:
    """Taken away under a process that uses it: an error of ours, and no key; brought back: it goes on.

    However often it was asked meanwhile: a library that began anew without the token does not find it by itself.
    """
    away, tokens = softhsm_token.folder / "away", softhsm_token.folder / "tokens"
    key = f"lost-{os.urandom(4).hex()}"
    asked, waits = f"len(held.wrap('{key}', [(bytes(32), b'')]))", "__import__('time').sleep(1.1)"
    empty = left == "an empty place"
    steps = [
        f"held.generate('{key}', 'wrap')",
        asked,
        f"str(Path('{tokens}').rename('{away}'))",
        *([f"Path('{tokens}').mkdir()"] if empty else []),
        *(asked, waits, asked, waits, asked),
        *([f"Path('{tokens}').rmdir()"] if empty else []),
        f"str(Path('{away}').rename('{tokens}'))",
        *(waits, asked, f"held.destroy('{key}')"),
    ]
    try:
        said = elsewhere(softhsm_token, *steps)
    finally:
        if away.exists():
            shutil.rmtree(tokens, ignore_errors=True)
            away.rename(tokens)
    assert said[:2] == [key, 1]
    lost = [str(each) for step, each in zip(steps, said, strict=True) if step == asked][1:-1]
    assert all(each.startswith("provider_") for each in lost)
    assert said[-2:] == [1, 0.0]
