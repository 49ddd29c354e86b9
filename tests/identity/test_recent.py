"""Verified tokens are remembered for a minute at most, and never beyond their end."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.identity.recent import KEEP, Recent

MOMENTS = st.integers(0, 500)


@given(now=MOMENTS, expires=MOMENTS, then=MOMENTS)
def test_never_outlives_exp_nor_a_minute(now, expires, then):
    """What was put is there exactly while the clock is between putting and the earlier of the two ends."""
    recent = Recent()
    recent.put("token", "proof", now=now, expires=expires)
    alive = now <= then < min(expires, now + KEEP)
    assert (recent.get("token", then) == "proof") is alive


@given(st.lists(st.tuples(st.sampled_from("abcdef"), MOMENTS, MOMENTS), max_size=40), MOMENTS)
def test_bounded_and_never_stale(steps, then):
    """However many tokens come, memory is bounded, and each answer is the last put and still holds."""
    recent, last = Recent(limit=3), {}
    for token, now, expires in steps:
        recent.put(token, (token, now, expires), now=now, expires=expires)
        if expires > now:
            last[token] = (token, now, expires)
        assert len(recent) <= 3
    for token in "abcdef":
        found = recent.get(token, then)
        assert found is None or (found == last[token] and found[1] <= then < found[2])


def test_least_recently_used_goes_first():
    """A token that is in use stays when another one has to go."""
    recent = Recent(limit=2)
    for token in "ab":
        recent.put(token, token, now=0, expires=50)
    assert recent.get("a", 1) == "a"
    recent.put("c", "c", now=1, expires=50)
    assert [recent.get(token, 2) for token in "abc"] == ["a", None, "c"]


def test_forgotten():
    """A forgotten token is gone; forgetting one that is not there does nothing."""
    recent = Recent()
    recent.put("a", "a", now=0, expires=50)
    recent.forget("a")
    recent.forget("a")
    assert recent.get("a", 1) is None


def test_no_token_in_memory():
    """The token itself is not kept."""
    recent = Recent()
    recent.put("canary", "proof", now=0, expires=50)
    assert "canary" not in repr(recent._held)
