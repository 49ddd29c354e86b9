"""The OpenAPI document: it ships as it is served, and speaks of all that there is."""

import json
from pathlib import Path
from typing import get_args

from click.testing import CliRunner
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from proxy.api import ROUTES, document
from proxy.api.shapes import Denial, Identity, Law
from proxy.cli import cli
from proxy.erasure.case import DENIALS, IDENTITY
from proxy.erasure.law import LAWS
from tests.api.conftest import Api

SHIPPED = Path(__file__).parents[2] / "deploy" / "openapi" / "erasure.json"


def test_what_ships_is_what_is_served() -> None:
    """To make it anew: `lychgate erasure openapi > deploy/openapi/erasure.json`."""
    assert SHIPPED.read_bytes() == document(ROUTES)
    assert CliRunner().invoke(cli, ["erasure", "openapi"]).stdout.encode() == document(ROUTES)


async def test_anybody_may_read_it(api: Api) -> None:
    """It says nothing of an installation."""
    answer = await api.raw("GET", "/openapi.json")
    assert (answer.status, answer.body) == (200, document(ROUTES))


def test_every_route_is_in_it_with_schemas_that_can_be_used() -> None:
    """Each operation has a name of its own, and every reference leads somewhere."""
    tree = json.loads(document(ROUTES))
    assert tree["openapi"] == "3.1.0"
    operations = [each for path in tree["paths"].values() for each in path.values()]
    assert sorted(one["operationId"] for one in operations) == sorted(route.name for route in ROUTES)
    for schema in tree["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for name in {text.split('"')[0] for text in document(ROUTES).decode().split("#/components/schemas/")[1:]}:
        assert name in tree["components"]["schemas"]


def test_it_is_an_openapi_document() -> None:
    """By the judgement of a library that shares nothing with us."""
    OpenAPIV31SpecValidator(json.loads(document(ROUTES))).validate()


def test_its_words_are_those_of_cases() -> None:
    """Laws, ways to know who asks, and reasons to deny."""
    assert set(get_args(Law)) == set(LAWS)
    assert get_args(Identity) == IDENTITY
    assert get_args(Denial) == DENIALS
