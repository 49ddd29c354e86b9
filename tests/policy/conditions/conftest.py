"""What conditions in these tests may name, and short ways to ask."""

import importlib.util
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from proxy.policy.conditions import (
    Attribute,
    Declarations,
    Flaw,
    Flawed,
    Outcome,
    check,
    compile_condition,
    parse,
    read_type,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
FACTS: Mapping[str, object] = {
    "country": "IE",
    "restricted": False,
    "orders": 7,
    "rating": 2.5,
    "since": datetime(2026, 1, 1, tzinfo=UTC),
    "notice": timedelta(days=30),
    "born": "2008-11-24",
    "consents": ["newsletter", "health"],
    "scores": [1, 2, 3],
    "my-field": "x",
}
CONTEXT: Mapping[str, object] = {
    "principal.id": "desk/7",
    "principal.client": "desk",
    "principal.kind": "human",
    "principal.roles": frozenset({"agent", "lead"}),
    "recipient.name": "helpdesk",
    "recipient.kind": "internal",
    "recipient.country": "IE",
    "purpose": "support",
}


@pytest.fixture
def declarations() -> Declarations:
    """A record with an attribute of each type, one of them optional; sets, variables, and the words in use."""
    types = {
        "country": "string",
        "restricted": "bool",
        "orders": "int",
        "rating": "double",
        "since": "timestamp",
        "notice": "duration",
        "born": "string",
        "consents": "list<string>",
        "scores": "list<int>",
        "my-field": "string",
    }
    return Declarations(
        attributes={name: Attribute(read_type(kind), name == "country") for name, kind in types.items()},
        sets={"eea": ("DE", "IE", "NO"), "empty": ()},
        variables={
            "in_eea": parse("has(resource.country) && resource.country in sets.eea"),
            "outside": parse("!variables.in_eea"),
        },
        words={
            "purpose": {"support", "marketing", "marketing.newsletter"},
            "principal.roles": {"agent", "lead"},
        },
    )


@pytest.fixture
def ask(declarations: Declarations) -> Callable[..., Outcome]:
    """`ask(text, **facts)`: what the condition comes to for FACTS with some changed; ... takes one out."""

    def asked(text: str, **changed: object) -> Outcome:
        facts = {**FACTS, **changed}
        there = {name: value for name, value in facts.items() if value is not ...}
        return compile_condition(check(parse(text), declarations)).evaluate(there, CONTEXT, NOW)

    return asked


@pytest.fixture
def flaws(declarations: Declarations) -> Callable[[str], tuple[Flaw, ...]]:
    """`flaws(text)`: all that is wrong in a condition; () if it can be used."""

    def found(text: str) -> tuple[Flaw, ...]:
        try:
            check(parse(text), declarations)
        except Flawed as error:
            return error.flaws
        return ()

    return found


@pytest.fixture(scope="session")
def expressions() -> ModuleType:
    """The writer of random conditions, which is a program's module and no test."""
    spec = importlib.util.spec_from_file_location("expressions", Path(__file__).with_name("expressions.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
