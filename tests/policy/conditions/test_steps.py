"""Operators and lists."""

from collections.abc import Callable

import pytest

from proxy.policy.conditions import ERROR, Flaw, Outcome


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 == true", "== does not go with int and bool"),  # equal in Python
        ("resource.born == 1", "== does not go with string and int"),
        (
            "resource.born != null",
            "!= does not go with string and null; whether an attribute is there is asked by has(...)",
        ),
        ("1 + 1.0 == 2.0", "+ does not go with int and double"),
        ("resource.since + resource.since == now", "+ does not go with timestamp and timestamp"),
        ("resource.notice - now == now", "- does not go with duration and timestamp"),
        ("1.5 % 1.0 == 0.5", "% does not go with double and double"),
        ("[1] + [2] == [1, 2]", "+ does not go with list<int> and list<int>"),
        ("[1] < [2]", "< does not go with list<int> and list<int>"),
        ("null < null", "< does not go with null and null"),
        ("now < 5", "< does not go with timestamp and int"),
        ("'a' in 'abc'", "in does not go with string and string"),
        ("1 in ['a']", "in does not go with int and list<string>"),
        ("1 in [1.0]", "in does not go with int and list<double>"),
        ("[1] in []", "in does not go with list<int> and list<any>"),
        ("sets.eea == ['DE']", "== does not go with set<string> and list<string>"),
        ("principal.roles == principal.roles", "== does not go with set<string> and set<string>"),
        ("principal.roles[0] == 'agent'", "set<string> has no [int]; only a list has items, by number"),
        ("resource.scores[1.0] == 1", "list<int> has no [double]; only a list has items, by number"),
        ("purpose[0] == 's'", "string has no [int]; only a list has items, by number"),
        ("[][0]", "list<any> has no [int]; only a list has items, by number"),
        ("1 in [1, 'a']", "the items of a list have one type, not int and string"),
        ("1 in [1, 2.0]", "the items of a list have one type, not double and int"),
        ("[[1]] == []", "there are no lists of lists"),
        ("-true", "- does not go with bool"),
        ("-resource.notice == resource.notice", "- does not go with duration"),
        ("(true ? 1 : 'a') == 1", "both sides of : have one type, not int and string"),
    ],
)
def test_refused(flaws: Callable[[str], tuple[Flaw, ...]], text: str, message: str) -> None:
    """What does not go together is told once, with the types."""
    (flaw,) = flaws(text)
    assert (flaw.code, flaw.message) == ("LG122", message)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("resource.orders == 7", True),
        ("resource.orders != 7", False),
        ("resource.orders > 6.5", True),  # an int beside a double
        ("2.5 == resource.rating", True),
        ("resource.rating in [2.5]", True),
        ("resource.rating in []", False),
        ("resource.orders * 2 - 4 / 2 == 12", True),
        ("resource.orders / 0 == 1", ERROR),
        ("resource.rating / 0.0 > 1e308", True),
        ("-resource.orders == -7", True),
        ("-resource.rating == -2.5", True),
        ("resource.orders + 9223372036854775807 > 0", ERROR),
        ("purpose + '!' == 'support!'", True),
        ("'a' < 'b' && 'Z' < 'a'", True),
        ("false < true", True),
        ("resource.since + resource.notice < now", True),
        ("resource.notice + resource.since == timestamp('2026-01-31T00:00:00Z')", True),
        ("now - resource.notice > resource.since", True),
        ("resource.notice + resource.notice == duration('60d')", True),
        ("resource.notice - resource.notice == duration('0')", True),
        ("'health' in resource.consents", True),
        ("'DE' in sets.eea && !('US' in sets.eea)", True),
        ("'x' in sets.empty", False),
        ("'agent' in principal.roles", True),
        ("resource.scores == [1, 2, 3]", True),
        ("resource.scores != [1, 2]", True),
        ("resource.scores == []", False),
        ("[] == []", True),
        ("resource.scores[2] == 3", True),
        ("resource.scores[3] == 3", ERROR),
        ("resource.scores[-1] == 3", ERROR),  # not from the end
        ("[resource.orders, 1][0] == 7", True),
        ("(resource.restricted ? [] : [1]) == [1]", True),
        ("null == null", True),
        ("null in [null]", True),
    ],
)
def test_answers(ask: Callable[..., Outcome], text: str, outcome: Outcome) -> None:
    """Operators give CEL's values and CEL's errors."""
    assert ask(text) is outcome
