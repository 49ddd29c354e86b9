"""Keys that are fetched elsewhere and looked up here."""

import json
import logging
import threading

import pytest

from proxy.errors import Problems, Unavailable, Unidentified
from proxy.identity import JwksKeys
from proxy.identity.jwks import MIN_INTERVAL

NOW = 1_800_000_000


class Source:
    """A source that counts how often it was asked, and fails or is empty on demand."""

    def __init__(self, data):
        self.data = data
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if isinstance(self.data, Exception):
            raise self.data
        return self.data


@pytest.fixture
def source(idp):
    """A source that has the whole key set."""
    return Source(idp.jwks())


@pytest.fixture
def keys(source, clock):
    """Keys whose refreshes run at once."""
    return JwksKeys(source, clock=clock, interval=300, max_age=3600, spawn=lambda work: work())


def test_first_question_fetches(keys, source):
    """Nothing is fetched before the first question, and the answer to it is used for the next."""
    assert (source.calls, keys.ready) == (0, False)
    assert keys.key("rsa", "RS256") is keys.key("rsa", "RS256")
    assert (source.calls, keys.ready) == (1, True)


def test_question_does_not_wait(idp, clock):
    """A question never runs the fetch itself: it is refused until a refresh elsewhere is done."""
    waiting = []
    keys = JwksKeys(Source(idp.jwks()), clock=clock, spawn=waiting.append)
    with pytest.raises(Unavailable, match="jwks_unavailable"):
        keys.key("rsa", "RS256")
    assert len(waiting) == 1
    waiting.pop()()
    assert keys.key("rsa", "RS256")


def test_refreshed_after_the_interval(keys, source, clock):
    """A used key set is fetched again once the interval is over, not before."""
    for at, calls in [(0, 1), (299, 1), (300, 2), (599, 2), (600, 3)]:
        clock.at = NOW + at
        keys.key("rsa", "RS256")
        assert source.calls == calls


def test_unknown_kid_asks_at_most_once_a_minute(keys, source, clock):
    """A caller with random kids cannot make us fetch more than once a minute."""
    keys.key("rsa", "RS256")
    for second in range(180):
        clock.at = NOW + second
        with pytest.raises(Unidentified, match="unknown_kid"):
            keys.key(f"kid{second}", "RS256")
    assert source.calls == 3


def test_new_key_is_found_by_its_kid(keys, source, clock, idp):
    """A key that the issuer has just added is fetched when the first token names it."""
    source.data = idp.jwks("rsa")
    keys.key("rsa", "RS256")
    source.data = idp.jwks("rsa", "ec")
    clock.at += MIN_INTERVAL
    assert keys.key("ec", "ES256")


def test_withdrawn_key_ends_with_the_refresh(keys, source, idp):
    """A key that the issuer no longer lists is unknown from the next refresh on."""
    keys.key("rsa", "RS256")
    source.data = idp.jwks("ec")
    assert keys.refresh()
    with pytest.raises(Unidentified, match="unknown_kid"):
        keys.key("rsa", "RS256")


@pytest.mark.parametrize(
    "bad",
    [OSError("canary"), b"canary", b"{}", b'{"keys": []}', None],
    ids=["down", "no JSON", "no set", "empty set", "unchanged"],
)
def test_last_good_keys_live_for_max_age(keys, source, clock, bad, caplog):
    """A failing source changes nothing for `max_age` seconds, then no token counts; `None` is no failure."""
    keys.key("rsa", "RS256")
    source.data = bad
    clock.at = NOW + 3600
    assert keys.key("rsa", "RS256")
    clock.at = NOW + 3601
    if bad is None:
        assert keys.key("rsa", "RS256")
        assert not caplog.records
        return
    assert not keys.ready
    with pytest.raises(Unavailable, match="jwks_unavailable"):
        keys.key("rsa", "RS256")
    assert "canary" not in caplog.text


def test_unchanged_rubbish_is_still_rubbish(keys, source, clock):
    """A source that says `unchanged` about content that was no key set does not keep old keys alive."""
    keys.key("rsa", "RS256")
    source.data = b"{}"
    assert not keys.refresh()
    source.data = None
    assert not keys.refresh()
    clock.at = NOW + 3601
    with pytest.raises(Unavailable):
        keys.key("rsa", "RS256")


def test_failed_fetch_is_tried_again_within_a_minute(keys, source, clock, idp):
    """After a failure the next try comes after a minute, not after the whole interval."""
    source.data = OSError()
    for second in (0, 30, 59):
        clock.at = NOW + second
        with pytest.raises(Unavailable):
            keys.key("rsa", "RS256")
    assert source.calls == 1
    source.data = idp.jwks()
    clock.at = NOW + 60
    assert keys.key("rsa", "RS256")


def test_failure_is_logged_without_its_content(keys, source, caplog):
    """The log names the issuer and the kind of failure, not what was fetched or from where."""
    source.data = OSError("https://id.example/canary")
    with caplog.at_level(logging.WARNING):
        assert not keys.refresh()
    assert caplog.messages == ["issuer issuer: key set not refreshed (OSError)"]


def test_one_refresh_at_a_time(clock, idp):
    """A refresh that is asked for while one runs returns at once and fetches nothing."""
    began, go_on = threading.Event(), threading.Event()

    def slow():
        began.set()
        assert go_on.wait(10)
        return idp.jwks()

    keys = JwksKeys(slow, clock=clock)
    with pytest.raises(Unavailable):
        keys.key("rsa", "RS256")
    assert began.wait(10)
    assert not keys.refresh()
    go_on.set()
    for thread in [thread for thread in threading.enumerate() if thread.name == "jwks"]:
        thread.join(10)
    assert keys.key("rsa", "RS256")


def test_file_is_read_before_it_returns(tmp_path, idp):
    """`from_file` has the keys at once, and follows a change of the file."""
    path = tmp_path / "jwks.json"
    path.write_bytes(idp.jwks("rsa"))
    keys = JwksKeys.from_file(path)
    assert keys.key("rsa", "RS256")
    path.write_bytes(idp.jwks("ec"))
    assert keys.refresh()
    assert keys.key("ec", "ES256")


@pytest.mark.parametrize(
    "content", [None, b"{}", json.dumps({"keys": [{"kty": "oct", "k": "AA", "kid": "x"}]}).encode()]
)
def test_file_without_keys_cannot_be_loaded(tmp_path, content):
    """A missing file, or one without a usable key, is told when it is loaded, with its name."""
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Problems, match=r"jwks\.json:0:0: error LG407: issuer corp"):
        JwksKeys.from_file(path, name="corp")
