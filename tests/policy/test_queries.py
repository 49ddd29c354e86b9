"""Queries that tell what may not be read."""

from typing import Any

import pytest


def _codes(bench: Any, rules: str, code: str) -> list[str]:
    return [each[3] for each in bench.found(rules) if each[0] == code]


READ = "{id: r, effect: allow, actions: [read], recipients: [desk], on: {fields: [Phone]}%s}"
FIND = "{id: f, effect: allow, actions: [filter], recipients: [desk], on: {fields: [Phone]}%s}"


@pytest.mark.parametrize(
    ("grants", "guards", "told"),
    [
        ([FIND % ""], [], True),  # nobody may read it
        ([FIND % "", READ % ""], [], False),
        ([FIND % "", READ % ", roles: [agent]"], [], True),  # leads may search and not read
        ([FIND % ", roles: [agent]", READ % ", roles: [agent, lead]"], [], False),
        ([FIND % "", READ % ", purposes: [support]"], [], True),
        ([FIND % "", READ.replace("allow", "mask, with: last4") % ""], [], True),
        ([FIND % "", READ % ""], ["{id: g, effect: redact, actions: [read, list]}"], True),
        ([FIND % "", READ % ""], ["{id: g, effect: redact, actions: [read, list, filter]}"], False),
        ([FIND % "", READ % ""], ["{id: g, effect: redact, actions: [read], recipients: [mailer]}"], False),
        (
            [FIND % ", roles: [lead]", READ % ""],
            ["{id: g, effect: redact, actions: [read], except: {roles: [lead]}}"],
            False,
        ),
    ],
)
def test_a_query_by_a_field_that_may_not_be_read_tells_its_value(
    bench: Any, grants: list[str], guards: list[str], told: bool
) -> None:
    """LG115: a filter answers whether the guess was right."""
    rules = "".join(f"  - {each}\n" for each in grants)
    walls = "guards:\n" + "".join(f"  - {each}\n" for each in guards) if guards else ""
    message = "grant f lets callers filter by Contact.Phone, which not all of them may read"
    assert _codes(bench, f"grants:\n{rules}{walls}", "LG115") == ([message] if told else [])
