"""The set in a folder, and the names in it."""

import shutil
from pathlib import Path

import click
import pytest

from proxy.cli.policyset import checked_set, connector_of, declared, questions, split_target, usable_set

SHIPPED = Path(__file__).parents[2] / "policies"


def test_what_ships_is_usable_and_says_who_asks_for_what() -> None:
    """Purposes and recipients are those that clients are registered for."""
    policies = usable_set(SHIPPED)
    assert ("customer_support", "helpdesk_app") in questions(policies, None, None)
    assert questions(policies, "newsletter", None) == [("newsletter", "mailer_us")]
    assert questions(policies, "newsletter", "dpo_office") == [("newsletter", "dpo_office")]
    assert connector_of(policies, "party.party", None) == "tryton"


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("Contact", ("Contact", "")),
        ("Contact.Phone", ("Contact", "Phone")),
        ("party.party", ("party.party", "")),
        ("party.party.phone", ("party.party", "phone")),
    ],
)
def test_objects_with_dots_are_told_from_fields(target: str, found: tuple[str, str]) -> None:
    """By what the connectors list."""
    assert split_target(usable_set(SHIPPED), target) == found


def test_a_broken_connector_hides_no_mistake_of_shape(tmp_path: Path) -> None:
    """Both are told, and nothing is usable."""
    (tmp_path / "connectors").mkdir()
    (tmp_path / "connectors" / "a.yaml").write_text("kind: Connector\nkind: Connector\n")
    (tmp_path / "b.yaml").write_text("kind: Polcy\n")
    checked, problems = checked_set(tmp_path)
    assert checked.policies is None
    assert {Path(problem.file).name for problem in problems} == {"a.yaml", "b.yaml"}
    with pytest.raises(click.UsageError, match="see lychgate policy check"):
        usable_set(tmp_path)


def test_of_two_connectors_of_one_name_none_wins(tmp_path: Path) -> None:
    """LG107 at the later one, with the place of the other; a hidden file is nobody's connector."""
    folder = tmp_path / "policies"
    shutil.copytree(SHIPPED, folder)
    file = folder / "connectors" / "hubspot.yaml"
    shutil.copy(file, file.with_name(".hubspot.yaml"))
    (folder / "connectors" / ".swap.yaml").write_text("not: [a connector")
    usable_set(folder)
    shutil.copy(file, file.with_name("zoo.yaml"))
    _, (problem,) = checked_set(folder)
    assert (Path(problem.file).name, problem.line, problem.code) == ("zoo.yaml", 5, "LG107")
    assert problem.message == 'connector "hubspot" stands twice; keep one'
    assert problem.also.startswith(f"{file}:5:")


def test_another_route_is_another_policy(tmp_path: Path) -> None:
    """What a request counts as decides who may make it, and no answer or entry may bear the old digest."""
    folder = tmp_path / "policies"
    shutil.copytree(SHIPPED, folder)
    before = usable_set(folder).digest
    file = folder / "connectors" / "hubspot.yaml"
    text = file.read_text()
    file.write_text(f"# a comment\n{text}")
    assert usable_set(folder).digest == before
    file.write_text(text.replace("action: delete", "action: read", 1))
    assert usable_set(folder).digest != before


def test_an_unknown_name_is_a_usage_error_with_the_near_word() -> None:
    """As everywhere."""
    declared("role", "agent", {"agent": 1})
    with pytest.raises(click.UsageError, match='did you mean "agent"'):
        declared("role", "agnet", {"agent": 1})
