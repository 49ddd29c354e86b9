"""Conditions that say nothing."""

import pytest

from proxy.policy.conditions import At, Declarations, Flaw, check, parse


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("true", 1, "true is always true"),
        ("resource.restricted && false", 24, "false is always false"),
        ("1 == 1", 1, "1 == 1 is always true"),
        ("resource.restricted || 1 > 2", 24, "1 > 2 is always false"),
        ("!(1 != 1)", 3, "1 == 1 is always true"),
        ("'DE' in sets.eea", 1, '"DE" in sets.eea is always true'),
        ("resource.restricted && 1 / 0 == 1", 24, "1 / 0 == 1 is always an error"),
        ("[1, 2].all(n, n > 0)", 1, "[1, 2].all(n, n > 0) is always true"),
        ("resource.restricted || !resource.restricted", 1, None),
        ("now > now && now <= now", 1, "now > now && now <= now is always false"),
        ("resource.orders < 7 && 7 <= resource.orders", 1, None),
        (
            "resource.restricted ? resource.orders == 1 : resource.orders == 1 || resource.orders != 1",
            None,
            None,
        ),
        ("variables.in_eea || variables.outside", 1, None),
        ("resource.rating >= 2.5 || resource.rating < 2.5", None, None),  # not with NaN
        ("resource.orders == 1 && resource.orders == 2", None, None),  # atoms count as independent
        ("resource.restricted", None, None),
        ("now > timestamp('1990-01-01T00:00:00Z')", None, None),
        ("purpose in sets.empty", None, None),
    ],
)  # fmt: skip
def test_constant(declarations: Declarations, text: str, column: int | None, message: str | None) -> None:
    """What nothing can change is told where it stands, once, as a warning."""
    warnings = check(parse(text), declarations).warnings
    if column is None:
        assert warnings == ()
        return
    (warning,) = warnings
    assert (warning.at, warning.code, warning.severity) == (At(1, column), "LG116", "warning")
    assert message in (None, warning.message)


def test_many_atoms_are_not_tried(declarations: Declarations) -> None:
    """With too many atoms to try, a condition counts as one that depends."""
    many = " && ".join(f"resource.orders != {n}" for n in range(12))
    assert check(parse(f"({many}) || !({many})"), declarations).warnings == ()


def test_several(declarations: Declarations) -> None:
    """Each part is told for itself, and then the whole is not."""
    warnings = check(parse("1 == 1 && 2 == 3"), declarations).warnings
    assert warnings == (
        Flaw(At(1, 1), "LG116", "1 == 1 is always true", "warning"),
        Flaw(At(1, 11), "LG116", "2 == 3 is always false", "warning"),
    )
