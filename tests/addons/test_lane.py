"""addons.lane: a specification that cannot be served is refused when it is made."""

from pathlib import Path

import pytest

from addons.lane import LaneSpec


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("upstream_scheme", "ftp"),
        ("upstream_host", ""),
        ("upstream_host", "a/b"),
        ("upstream_host", "a@b"),
        ("upstream_host", "a b"),
        ("upstream_host", "caf\u00e9"),  # IDNA belongs to whoever writes the configuration
        ("upstream_port", 0),
        ("upstream_port", 65536),
        ("listen_port", -1),
        ("listen_port", 65536),
        ("client_ca", Path("ca.pem")),  # without tls there is no handshake to ask in
        ("body_limit", 0),
        ("deadline", 0.0),
        ("accept_h2", True),
    ],
)
def test_what_cannot_be_served_is_refused(spec, attribute, value):
    """The error names lane and attribute, and not the value."""
    with pytest.raises(ValueError, match=f"^lane test: cannot be served with this {attribute}$"):
        spec(**{"upstream_port": 443} | {attribute: value})


@pytest.mark.parametrize(
    ("scheme", "host", "port", "authority"),
    [
        ("http", "crm", 80, "crm"),
        ("https", "crm", 443, "crm"),
        ("http", "crm", 443, "crm:443"),
        ("https", "crm", 80, "crm:80"),
        ("https", "::1", 443, "[::1]"),
        ("https", "::1", 8443, "[::1]:8443"),
    ],
)
def test_the_upstream_is_named_as_http_wants_it(spec, scheme, host, port, authority):
    """No default port, brackets round IPv6."""
    made = spec(port, upstream_scheme=scheme, upstream_host=host)
    assert isinstance(made, LaneSpec)
    assert made.upstream_authority == authority
