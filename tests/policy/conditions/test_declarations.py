"""What conditions may name."""

from collections.abc import Callable

from proxy.model import Principal, Purpose, Recipient
from proxy.policy.conditions import CONTEXT, Declarations, Outcome, context_of
from proxy.policy.conditions.direct import EXACT

PRINCIPAL = Principal("desk/7", "desk", frozenset({"agent"}), Recipient("helpdesk", "processor", "IE"), "agent")


def test_the_context_has_what_is_declared() -> None:
    """Everything declared of a request is there, at its declared type."""
    context = context_of(PRINCIPAL, Purpose("support"))
    assert set(context) == set(CONTEXT)
    for path, declared in CONTEXT.items():
        wanted = frozenset if declared.type.name == "set" else EXACT[declared.type]
        assert type(context[path]) is wanted
        words = declared.words
        assert words is None or context[path] in words


def test_an_unknown_country_is_absent() -> None:
    """A recipient whose country nobody registered has none: an error, and not a country outside a set."""
    nowhere = Principal("a", "a", frozenset(), Recipient("x"))
    assert "recipient.country" not in context_of(nowhere, Purpose("support"))


def test_words_of_the_vocabulary() -> None:
    """The vocabulary's words are those an attribute of the context can be."""
    declarations = Declarations(words={"purpose": ["support"]})
    known = declarations.of_context("purpose")
    assert known is not None
    assert known.words == {"support"}
    assert declarations.of_context("recipient.name") == CONTEXT["recipient.name"]
    assert declarations.of_context("recipient.colour") is None


def test_consents_are_no_attribute(ask: Callable[..., Outcome]) -> None:
    """`consent` looks at the consents that were fetched, and at no attribute that happens to be called so."""
    assert ask('consent("support")', **{"consent()": frozenset({"support"})}) is True
    assert ask('consent("support")', consent=["support"], consents=["support"]) is not True
