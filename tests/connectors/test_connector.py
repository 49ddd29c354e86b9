"""A connector as the engine uses it."""

import timeit

import pytest

from proxy.connectors import Connector
from proxy.errors import Gap
from proxy.message import Request

READ = Request("GET", "/services/data/v59.0/sobjects/Contact/003000000000001")


def test_a_route_says_which_codecs_its_messages_need(salesforce: Connector) -> None:
    """A route without a body takes no codec, and answers come in the connector's."""
    route = salesforce.route(READ)
    assert (route.request_media, route.response_media) == (frozenset(), {"json"})
    write = salesforce.route(Request("PATCH", READ.path))
    assert write.request_media == {"json"}


def test_one_connector_knows_nothing_of_another(salesforce: Connector, hubspot: Connector) -> None:
    """A request of one CRM has no word in another's connector."""
    with pytest.raises(Gap):
        hubspot.route(READ)
    with pytest.raises(Gap):
        salesforce.route(Request("GET", "/crm/v3/objects/contacts/1"))


def test_recognising_costs_little(salesforce: Connector) -> None:
    """All that does not depend on the request was done at load: what is left is far below a millisecond."""
    best = min(timeit.repeat(lambda: salesforce.route(READ).recognise(READ, None), repeat=5, number=200))
    assert best / 200 < 0.0005
