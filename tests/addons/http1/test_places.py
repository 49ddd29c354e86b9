"""addons.http1.places: who is connected, and room for another one."""

from types import SimpleNamespace

from addons.http1.places import Places
from addons.http1.underway import Underway
from addons.lane import Limits
from proxy.message import Peer


def conversation(address="a", *, idle=True, heard=False):
    """Return what stands for a conversation, and notes whether it was closed."""
    made = SimpleNamespace(peer=Peer(address), idle=idle, heard=heard, closed=False)
    made.hang_up = lambda: setattr(made, "closed", True)
    return made


def test_a_silent_connection_makes_room_before_one_that_has_spoken():
    """And one with an exchange under way never does."""
    places = Places(Underway(Limits(connections=3)))
    busy, spoken, silent = conversation(idle=False), conversation(heard=True), conversation()
    for key, one in (("1", busy), ("2", spoken), ("3", silent)):
        assert places.room_for_another("b")
        places.enter(key, one)
    for gone in (silent, spoken):
        assert places.room_for_another("b")
        assert gone.closed
        places.enter("b", conversation("b", idle=False))
        places.conversations[str(id(gone))] = places.conversations.pop("b")
    assert not places.room_for_another("b")
    assert not busy.closed


def test_a_peer_displaces_its_own():
    """With its own number reached, an idle one of its own goes, and nobody else's."""
    places = Places(Underway(Limits(connections_per_peer=2)))
    other, first, second = conversation("b"), conversation("a"), conversation("a", idle=False)
    for key, one in (("0", other), ("1", first), ("2", second)):
        places.enter(key, one)
    assert places.room_for_another("a")
    assert first.closed
    assert not other.closed
    places.enter("3", conversation("a", idle=False))
    assert not places.room_for_another("a")
    assert places.room_for_another("b")


def test_leaving_twice_is_leaving_once():
    """No address is remembered when its last connection has gone."""
    places = Places(Underway(Limits()))
    places.enter("1", conversation())
    for _ in range(2):
        places.leave("1")
    assert places.conversations == {}
    assert places.peers == {}
