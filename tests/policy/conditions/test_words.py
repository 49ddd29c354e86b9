"""Words that can never be."""

from collections.abc import Callable

import pytest

from proxy.policy.conditions import Attribute, Declarations, Flaw, Flawed, check, parse
from proxy.policy.conditions.kinds import STRING, list_of


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("purpose == 'suport'", 12, 'purpose is never "suport" (did you mean "support"?)'),
        ("'agnt' in principal.roles", 1, 'principal.roles is never "agnt" (did you mean "agent"?)'),
        ("'persn' != principal.kind", 1, 'principal.kind is never "persn"'),
        ("purpose in ['support', 'marketng']", 24, 'purpose is never "marketng" (did you mean "marketing"?)'),
        ("recipient.kind == 'Processor'", 19, 'recipient.kind is never "Processor" (did you mean "processor"?)'),
    ],
)
def test_refused(flaws: Callable[[str], tuple[Flaw, ...]], text: str, column: int, message: str) -> None:
    """A word that the other side can never be is a slip, and told as one."""
    (flaw,) = flaws(text)
    assert (flaw.code, flaw.at.column, flaw.message) == ("LG101", column, message)


@pytest.mark.parametrize(
    "text",
    [
        "purpose == 'marketing.newsletter'",
        "purpose.startsWith('mark')",
        "purpose in sets.eea",  # a named set may hold more than can occur
        "recipient.name == 'nobody'",  # nobody said which recipients there are
        "purpose == resource.born",
        "principal.kind in [resource.born, 'agent']",
        "resource.restricted == true",
    ],
)
def test_taken(flaws: Callable[[str], tuple[Flaw, ...]], text: str) -> None:
    """Words that can be, and texts that are not compared as a whole, are taken."""
    assert flaws(text) == ()


def test_of_attributes() -> None:
    """An attribute of a record can have words too, and so can the items of a list."""
    words = frozenset({"open", "closed"})
    declarations = Declarations(
        {"status": Attribute(STRING, words=words), "history": Attribute(list_of(STRING), words=words)}
    )
    check(parse("resource.status == 'open' || 'closed' in resource.history"), declarations)
    for text in (
        "resource.status == 'opn'",
        "'opn' in resource.history",
        "[resource.status, 'x'] == resource.history",
    ):
        with pytest.raises(Flawed, match="is never"):
            check(parse(text), declarations)
