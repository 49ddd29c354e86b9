"""The content type is taken literally or refused; ids are those of the threat catalogue."""

import pytest

from proxy.codec import CODECS, codec_for, codec_named
from proxy.errors import Undecodable

BOTH = frozenset({"json", "xmlrpc"})


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("application/json", "json"),
        ("Application/JSON", "json"),  # types have no case
        ("application/json;charset=UTF-8", "json"),  # Salesforce
        ('application/json ; charset="utf-8"', "json"),  # quoted
        ("application/vnd.x+json; charset=UTF-8", "json"),  # PD-20
        ("application/problem+json", "json"),
        ("application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false", "json"),
        ("text/xml", "xmlrpc"),
        ("application/xml; charset=utf-8", "xmlrpc"),
    ],
)
def test_known_types_name_their_codec(content_type: str, name: str) -> None:
    """PD-20: the type, its structured suffix, UTF-8, and parameters that change nothing."""
    assert codec_for(content_type, BOTH).name == name


@pytest.mark.parametrize(
    "content_type",
    [
        None,  # PD-19: absent
        "",
        "application",
        "application/",
        "text/plain",  # PD-19: JSON under another name
        "text/html",
        "text/json",
        "application/octet-stream",
        "image/png",
        "application/x-ndjson",  # PD-28
        "application/json-seq",  # PD-28
        "text/event-stream",  # PD-29
        "multipart/x+json",  # the suffix counts below application/ only
        "image/svg+xml",
        "application/soap+xml",  # no codec reads it
        "application/+xmlrpc",
        "application/json, text/html",  # PD-19: two types
        "application/json;",
        "application/json; charset",
        "application/json; charset=",
        "application/json; charset = utf-8",
        "application/json; charset=utf-8; charset=utf-8",  # even if both say the same
        "application/json; charset=utf-8; CHARSET=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json; charset=utf-16",  # PD-09
        "application/json; charset=utf-7",  # PD-10
        "application/json; charset=rot13",  # PD-10
        "application/json; charset=unicode_escape",  # PD-10
        "application/json; charset=utf8",  # no registered name
        "application/json; boundary=x",  # another reader might look for parts
        "application/json; odata.metadata=minimal; x=y",
        "text/xml; odata.metadata=minimal",
        "application/json\n",
        "application/json ",
        "application/jſon",  # lower-cases oddly
        'application/json; charset="utf-8',
    ],
)
def test_pd_19_anything_else_is_415(content_type: str | None) -> None:
    """PD-10, PD-19, WP-13: nobody sniffs, nobody repairs."""
    with pytest.raises(Undecodable) as caught:
        codec_for(content_type, BOTH)
    assert caught.value.status == 415


@pytest.mark.parametrize("allowed", [frozenset[str](), frozenset({"xmlrpc"})])
def test_a_route_takes_only_what_it_names(allowed: frozenset[str]) -> None:
    """WP-13: a known type on a route that does not take it is refused."""
    with pytest.raises(Undecodable):
        codec_for("application/json", allowed)


def test_every_codec_reads_what_it_labels() -> None:
    """A body is labelled with a type that leads back to the codec that wrote it."""
    for codec in CODECS:
        assert codec_for(codec.content_type, frozenset({codec.name})) is codec
        for media_type in codec.media_types:
            assert codec_for(media_type, frozenset({codec.name})) is codec


def test_a_body_of_our_own_making_takes_the_first_codec_of_the_route() -> None:
    """An error we write in place of an unreadable one is labelled as what the route would have answered."""
    assert codec_named(frozenset({"xmlrpc"})).name == "xmlrpc"
    assert codec_named(frozenset({"xmlrpc", "json"})).name == "json"
    with pytest.raises(Undecodable):
        codec_named(frozenset())
