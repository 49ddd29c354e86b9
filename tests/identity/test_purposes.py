"""Which purpose is in force."""

import pytest

from proxy.errors import Gap
from proxy.identity.purposes import UNKNOWN, purpose_of
from proxy.message import Headers
from proxy.model import Client, Purpose, Recipient


def client(default):
    """Return a client that is registered for two purposes."""
    return Client("c", Recipient("r"), frozenset(), frozenset({"a", "b"}), default_purpose=default)


@pytest.mark.parametrize(
    ("default", "claimed", "found"),
    [
        ("a", None, Purpose("a", None)),
        ("a", "a", Purpose("a", "a")),
        ("a", "b", Purpose("b", "b")),
        (None, "b", Purpose("b", "b")),
        ("a", "c", Purpose("a", "c")),  # somebody is registered for it: a word of the vocabulary
        ("a", "d", Purpose("a", UNKNOWN)),  # nobody is: the client's text is not written down
    ],
)
def test_purpose_in_force(default, claimed, found):
    """The claimed purpose is in force if registered, else the default; both are told."""
    headers = Headers((("x-purpose", claimed),) if claimed else ())
    assert purpose_of(client(default), headers, frozenset({"a", "b", "c"})) == found


@pytest.mark.parametrize(("claimed", "reason"), [(None, "purpose_required"), ("c", "purpose_not_registered")])
def test_no_purpose(claimed, reason):
    """Without a default there is no purpose but a registered one, and the gap names the client."""
    headers = Headers((("x-purpose", claimed),) if claimed else ())
    with pytest.raises(Gap) as caught:
        purpose_of(client(None), headers, frozenset({"a", "b", "c"}))
    assert (caught.value.kind, caught.value.reason, caught.value.detail) == ("purpose", reason, "c")
