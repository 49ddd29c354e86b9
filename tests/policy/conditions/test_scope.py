"""Names."""

from collections.abc import Callable

import pytest

from proxy.policy.conditions import Declarations, Flaw
from proxy.policy.conditions.kinds import BOOL, STRING
from proxy.policy.conditions.scope import Scope

OPTIONAL = "resource.country is optional: write has(resource.country) && ..."


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (
            "resource.restrictd",
            "LG101",
            'unknown attribute resource.restrictd (did you mean "restricted"?)',
        ),
        (
            'has(resource.cuntry) && "" == ""',
            "LG101",
            'unknown attribute resource.cuntry (did you mean "country"?)',
        ),
        (
            "recipient.web == ''",
            "LG101",
            "unknown attribute recipient.web; there are country, kind, name",
        ),
        ("resource.scres[0] == 1", "LG101", 'unknown attribute resource.scres (did you mean "scores"?)'),
        ("'x' in sets.eae", "LG101", 'unknown set "eae" (did you mean "eea"?)'),
        ("purpos == 'x'", "LG101", 'unknown name "purpos" (did you mean "purpose"?)'),
        ("x", "LG101", 'unknown name "x"'),
        ("resource == resource", "LG122", "resource is no value; name one of its members, resource.NAME"),
        ("'x' in sets", "LG122", "sets is no value; name one of its members, sets.NAME"),
        ("resource.born.year == 1", "LG122", "resource.born has no members"),
        ("now.year == 1", "LG122", "now has no members"),
        ("purpose.name == ''", "LG122", "purpose has no members"),
        ("resource.country == 'IE'", "LG105", OPTIONAL),
        ("resource.country == 'IE' && has(resource.country)", "LG105", OPTIONAL),
        ("has(resource.country) || resource.country == 'IE'", "LG105", OPTIONAL),
        ("(has(resource.country) ? 1 : 2) == size(resource.country)", "LG105", OPTIONAL),
        ("resource.scores.all(s, has(resource.country)) && resource.country == 'IE'", "LG105", OPTIONAL),
    ],
)
def test_refused(flaws: Callable[[str], tuple[Flaw, ...]], text: str, code: str, message: str) -> None:
    """An unknown name is told with the near one, and an optional attribute with what to write."""
    found = {(each.code, each.message) for each in flaws(text)}
    assert found == {(code, message)}


@pytest.mark.parametrize(
    "text",
    [
        "has(resource.country) && resource.country == 'IE'",
        "has(resource.country) && (resource.restricted || resource.country == 'IE')",
        "!has(resource.country) || resource.country == 'IE'",
        "has(resource.country) ? resource.country == 'IE' : false",
        "!has(resource.country) ? false : resource.country == 'IE'",
        "has(resource.country) && resource.scores.exists(s, size(resource.country) == s)",
        "resource.scores.exists(s, has(resource.country) && size(resource.country) == s)",
        "has(resource['country']) && resource['country'] == 'IE'",
        "variables.in_eea && resource.country != 'NO'",  # the variable has asked
        "variables.outside || resource.country != 'NO'",
        "has(resource.restricted)",
        "resource['my-field'] == 'x'",
        "principal.id == principal.client",
        "now > resource.since",
    ],
)
def test_taken(flaws: Callable[[str], tuple[Flaw, ...]], text: str) -> None:
    """What is declared, and asked for where it is optional, can be used."""
    assert flaws(text) == ()


def test_bindings() -> None:
    """Variables of `exists` and `all` have places from the outermost on."""
    scope = Scope(Declarations()).binding("a", STRING).binding("b", BOOL)
    assert scope.bound == {"a": (1, STRING), "b": (2, BOOL)}
