"""What every provider does alike: the contract of `port.Provider`, once for each of them."""

import secrets
import threading

import pytest

from proxy.crypto.providers import Custody, Provider
from proxy.crypto.wrapping import WRAPPED_BYTES
from proxy.errors import Unavailable
from tests.crypto.providers.conftest import Kept

KEY = bytes(range(32))


def label() -> str:
    """Return a label that nobody has used."""
    return f"lychgate-test-{secrets.token_hex(6)}"


@pytest.fixture
def provider(kept: Kept) -> Provider:
    """Give one view of the keys."""
    return kept.again()


def test_what_is_wrapped_is_unwrapped_elsewhere(kept: Kept, provider: Provider) -> None:
    """Each with what it is bound to, in order, also by another process; 60 bytes, never the same twice."""
    handle = provider.generate(label(), "wrap")
    keys = [(secrets.token_bytes(32), f"subject {number}".encode()) for number in range(7)]
    wrapped = provider.wrap(handle, keys)
    assert {len(each) for each in wrapped} == {WRAPPED_BYTES}
    pairs = [(each, bound) for each, (_, bound) in zip(wrapped, keys, strict=True)]
    assert kept.again().unwrap(handle, pairs) == [key for key, _ in keys]
    assert provider.wrap(handle, keys)[0] != wrapped[0]
    assert provider.wrap(handle, []) == provider.unwrap(handle, []) == []


def test_more_than_one_turn_of_keys(provider: Provider) -> None:
    """However many at once, none is lost and none changes places."""
    handle = provider.generate(label(), "wrap")
    keys = [(number.to_bytes(32, "big"), b"") for number in range(1_203)]
    wrapped = provider.wrap(handle, keys)
    assert provider.unwrap(handle, [(each, b"") for each in wrapped]) == [key for key, _ in keys]


@pytest.mark.parametrize("spoil", ["bound", "text", "cut", "empty", "key"])
def test_nothing_else_opens(provider: Provider, spoil: str) -> None:
    """Bound to something else, changed, cut, or of another key: not authentic, and none of the batch opens."""
    handle, other = provider.generate(label(), "wrap"), provider.generate(label(), "wrap")
    good, wrapped = provider.wrap(handle, [(KEY, b"a"), (KEY, b"a")])
    bad = {
        "bound": (wrapped, b"b"),
        "text": (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"a"),
        "cut": (wrapped[:20], b"a"),
        "empty": (b"", b"a"),
        "key": (provider.wrap(other, [(KEY, b"a")])[0], b"a"),
    }[spoil]
    with pytest.raises(Unavailable, match="key_not_authentic"):
        provider.unwrap(handle, [(good, b"a"), bad])
    assert provider.unwrap(handle, [(good, b"a")]) == [KEY]


def test_a_mac_is_the_keys_own(kept: Kept, provider: Provider) -> None:
    """The same for the same, another for other data or another key; 32 bytes."""
    one, other = provider.generate(label(), "mac"), provider.generate(label(), "mac")
    macs = [provider.mac(one, b"data"), provider.mac(one, b"date"), provider.mac(other, b"data")]
    assert len(set(macs)) == 3
    assert {len(each) for each in macs} == {32}
    assert kept.again().mac(one, b"data") == macs[0]


def test_a_key_does_what_it_is_for_only(provider: Provider) -> None:
    """One that authenticates wraps nothing."""
    handle = provider.generate(label(), "mac")
    with pytest.raises(Unavailable):
        provider.wrap(handle, [(KEY, b"")])


def test_a_label_is_taken_once(provider: Provider) -> None:
    """Two keys of one name would leave open which one is meant."""
    name = label()
    handle = provider.generate(name, "wrap")
    with pytest.raises(Unavailable, match="provider_key_exists"):
        provider.generate(name, "wrap")
    provider.wrap(handle, [(KEY, b"")])


def test_a_key_that_is_not_there(kept: Kept, provider: Provider) -> None:
    """It is absent, nothing can be done with it, and asking for it makes none."""
    handle = provider.generate(label(), "wrap")
    missing = handle.replace(handle[:8], "00000000", 1) if kept.ends_later else label()
    assert provider.custody(missing) is Custody.ABSENT
    for use in (
        lambda: provider.wrap(missing, [(KEY, b"")]),
        lambda: provider.unwrap(missing, [(bytes(60), b"")]),
        lambda: provider.mac(missing, b""),
    ):
        with pytest.raises(Unavailable, match="provider_key_absent"):
            use()
    assert provider.custody(missing) is Custody.ABSENT
    assert provider.destroy(missing) == 0.0


def test_a_key_is_disabled_and_enabled(kept: Kept, provider: Provider) -> None:
    """Where the provider can: it refuses in every process until it is enabled."""
    handle = provider.generate(label(), "wrap")
    (wrapped,) = provider.wrap(handle, [(KEY, b"")])
    provider.disable(handle)
    for view in (provider, kept.again()):
        if not provider.suspends:
            assert view.custody(handle) is Custody.USABLE
            continue
        assert view.custody(handle) is Custody.DISABLED
        with pytest.raises(Unavailable, match="provider_key_disabled"):
            view.unwrap(handle, [(wrapped, b"")])
    provider.enable(handle)
    assert provider.custody(handle) is Custody.USABLE
    assert provider.unwrap(handle, [(wrapped, b"")]) == [KEY]


def test_a_destroyed_key_opens_nothing(kept: Kept, provider: Provider) -> None:
    """Neither here nor in a process that used it before; again is no error."""
    handle = provider.generate(label(), "wrap")
    other = kept.again()
    (wrapped,) = other.wrap(handle, [(KEY, b"")])
    wait = provider.destroy(handle)
    assert (wait > 0) == kept.ends_later
    assert provider.destroy(handle) == pytest.approx(wait, abs=5)
    assert provider.custody(handle) is (Custody.ENDING if kept.ends_later else Custody.ABSENT)
    for view in (provider, kept.again()):
        with pytest.raises(Unavailable, match=r"provider_key_(absent|disabled)"):
            view.unwrap(handle, [(wrapped, b"")])
        with pytest.raises(Unavailable, match=r"provider_key_(absent|disabled)"):
            view.wrap(handle, [(KEY, b"")])
    if not kept.ends_later:
        with pytest.raises(Unavailable, match="provider_key_absent"):
            other.unwrap(handle, [(wrapped, b"")])


def test_many_threads_ask_at_once(provider: Provider) -> None:
    """Each gets its own answer, and nobody an error."""
    handle = provider.generate(label(), "wrap")
    failed: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            for turn in range(12):
                key = number.to_bytes(16, "big") + turn.to_bytes(16, "big")
                (wrapped,) = provider.wrap(handle, [(key, b"x")])
                assert provider.unwrap(handle, [(wrapped, b"x")]) == [key]
                provider.custody(handle)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_it_says_where_it_is_and_whether_it_answers(provider: Provider) -> None:
    """For people who read `keys status` and `doctor`; no secret in it."""
    provider.ping()
    assert provider.where
    for secret in ("4711", "a-token", "testing"):
        assert secret not in f"{provider.where} {provider!r}"
