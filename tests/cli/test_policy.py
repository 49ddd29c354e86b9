"""`lychgate policy`, as a person or a CI job runs it."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.policy import policy

SHIPPED = Path(__file__).parents[2] / "policies"
CALLER = ["--purpose", "customer_support", "--recipient", "helpdesk_app"]


def _run(*words: str | Path) -> Result:
    return CliRunner().invoke(policy, [str(word) for word in words])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a policy folder that a test may spoil."""
    shutil.copytree(SHIPPED, tmp_path / "policies")
    return tmp_path / "policies"


def test_check_of_what_ships_finds_nothing() -> None:
    """The example can be put in force: exit code 0 and a summary line."""
    result = _run("check", SHIPPED)
    assert result.exit_code == 0
    size = r"in \d+ files \(\d+ rules, [\d,]+ fields, [\d,]+ cells\) in \d+ ms"
    assert re.fullmatch(f"0 errors, 0 warnings {size}\n", result.output)


def test_check_shows_every_error_with_its_frame_and_exits_1(copy: Path) -> None:
    """Errors of all files come at once, each with place, code, near word and lines."""
    for name, old, new in (
        ("guards.yaml", "effect: redact", "effect: redcat"),
        ("support.yaml", "roles: [support_lead]", "roles: [suport_lead]"),
    ):
        path = copy / "example" / name
        path.write_text(path.read_text().replace(old, new))
    result = _run("check", copy)
    assert result.exit_code == 1
    assert 'LG101 error  unknown effect "redcat" (did you mean "redact"?)' in result.output
    assert 'LG101 error  unknown role "suport_lead" (did you mean "support_lead"?)' in result.output
    assert "     effect: redcat\n" in result.output
    assert "^^^^^^" in result.output
    assert "\n3 errors, 0 warnings in " in result.output


def test_check_for_machines_says_the_same(copy: Path) -> None:
    """JSON on standard output, with the digest when there is no error."""
    good = json.loads(_run("check", copy, "--format", "json").output)
    assert good["problems"] == []
    assert good["digest"].startswith("sha256:")
    (copy / "example" / "guards.yaml").write_text("kind: Polcy\n")
    bad = json.loads(_run("check", copy, "--format", "json").output)
    assert bad["digest"] is None
    assert [(each["code"], each["line"], each["column"]) for each in bad["problems"]] == [("LG101", 1, 7)]


def test_check_reports_a_broken_connector_and_broken_policies_together(copy: Path) -> None:
    """A connector that cannot be read hides no mistake of shape, and causes no unknown names."""
    (copy / "connectors" / "hubspot.yaml").write_text("kind: Connector\nkind: Connector\n")
    (copy / "example" / "privacy.yaml").write_text("apiVersion: lychgate.dev/v1\nkind: Policy\n")
    result = _run("check", copy)
    assert result.exit_code == 1
    assert "hubspot.yaml:2:1  LG107 error" in result.output
    assert 'missing key "metadata"' in result.output
    assert "2 errors" in result.output


def test_a_folder_that_is_not_a_policy_set_is_a_usage_error(tmp_path: Path) -> None:
    """Exit code 2, so that CI can tell a wrong path from a wrong policy."""
    assert _run("check", tmp_path / "missing").exit_code == 2
    assert _run("check", tmp_path).exit_code == 2


def test_matrix_shows_one_table_per_registered_purpose() -> None:
    """Fields down, roles across, for each purpose and recipient that a client has."""
    result = _run("matrix", "contacts", "--policies", SHIPPED)
    assert result.exit_code == 0
    assert "contacts · action=read · purpose=customer_support · recipient=helpdesk_app" in result.output
    lines = {line.split()[0]: line.split()[1:] for line in result.output.split("\n\n")[0].splitlines()[1:]}
    assert lines["phone"] == ["·", "·", "mask(phone_ending)", "allow"]
    assert lines["iban"] == ["·", "·", "·", "·"]
    assert result.output.count("contacts · ") == 4


def test_matrix_of_one_purpose_for_machines() -> None:
    """The same cells as JSON."""
    words = ["matrix", "contacts", "--policies", SHIPPED, "--purpose", "newsletter", "--action", "list"]
    (table,) = json.loads(_run(*words, "--format", "json").output)
    assert (table["purpose"], table["recipient"], table["action"]) == ("newsletter", "mailer_us", "list")
    assert table["fields"]["email"]["marketer"] == "allow"
    assert table["fields"]["phone"]["marketer"] == "deny"


def test_explain_names_the_rule_that_decided_and_those_that_did_not() -> None:
    """The winner with its place, every other rule with what kept it from applying."""
    result = _run("explain", "Contact.Phone", "--role", "support_agent", *CALLER, "--policies", SHIPPED)
    assert result.exit_code == 0
    assert "=> mask(phone_ending)   decided by grant support-phone-masked" in result.output
    assert "example/support.yaml:" in result.output
    assert "only for roles support_lead" in result.output


def test_explain_of_a_field_nobody_opens_says_absent() -> None:
    """No grant is an answer too."""
    result = _run("explain", "Contact.Iban__c", "--role", "support_agent", *CALLER, "--policies", SHIPPED)
    assert "=> ABSENT   no grant opens it" in result.output
    assert "special-categories" in result.output


def test_explain_takes_objects_with_a_dot_and_whole_records() -> None:
    """`party.party` is an object, `party.party.phone` a field of it."""
    words = ["--role", "support_agent", *CALLER, "--policies", SHIPPED]
    assert (
        "party.party.phone  (user.contact.phone_number)" in _run("explain", "party.party.phone", *words).output
    )
    whole = _run("explain", "party.party", "--action", "delete", *words).output
    assert "party.party (the record itself)" in whole
    assert "=> DENY   no grant opens it" in whole


def test_explain_for_machines_lists_what_was_considered() -> None:
    """The same facts as JSON."""
    words = ["explain", "Contact.Birthdate", "--role", "support_agent", *CALLER, "--policies", SHIPPED]
    found = json.loads(_run(*words, "--format", "json").output)
    assert (found["outcome"], found["rule"]) == ("mask(year)", "birth-year-only")
    assert [each["rule"] for each in found["considered"] if each["applies"]] == [
        "support-birth-date",
        "birth-year-only",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["explain", "Contct.Phone", "--role", "support_agent", *CALLER],
            'unknown object "Contct" (did you mean',
        ),
        (["explain", "Contact.Phone", "--role", "agent", *CALLER], 'unknown role "agent"'),
        (["matrix", "Contact", "--purpose", "news"], 'unknown purpose "news"'),
        (["matrix", "Contact", "--connector", "sap"], 'unknown connector "sap"'),
        (["matrix", "contacts", "--connector", "salesforce"], 'unknown object "contacts"'),
    ],
)
def test_a_misspelt_word_is_a_usage_error_with_the_near_word(words: list[str], message: str) -> None:
    """Exit code 2, and what could have been meant."""
    result = _run(*words, "--policies", SHIPPED)
    assert result.exit_code == 2
    assert message in result.output


def test_reading_a_set_with_errors_points_to_check(copy: Path) -> None:
    """Only a set that could be in force is explained."""
    (copy / "example" / "guards.yaml").write_text("kind: Polcy\n")
    result = _run("matrix", "Contact", "--policies", copy)
    assert result.exit_code == 2
    assert "has 1 error; see lychgate policy check" in result.output


@pytest.mark.parametrize(
    ("form", "mark"),
    [
        ("sarif", '"ruleId": "LG101"'),
        ("github", "::error file="),
        ("junit", '<failure type="LG101"'),
        ("markdown", "| error | LG101 |"),
    ],
)
def test_check_speaks_to_other_tools(copy: Path, form: str, mark: str) -> None:
    """Every format carries the finding, and the exit code stays 1."""
    path = copy / "example" / "guards.yaml"
    path.write_text(path.read_text().replace("effect: redact", "effect: redcat"))
    result = _run("check", copy, "--format", form)
    assert result.exit_code == 1
    assert mark in result.output
    assert _run("check", SHIPPED, "--format", form).exit_code == 0
