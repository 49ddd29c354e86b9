"""`lychgate policy explain` for records of tests and for decisions on record."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.policy import policy
from proxy.ledger import Ledger
from proxy.model import Declined

SHIPPED = Path(__file__).parents[2] / "policies"


def _explain(*words: str | Path) -> Result:
    return CliRunner().invoke(policy, ["explain", *map(str, words), "--policies", str(SHIPPED)])


def test_a_record_of_a_test_is_explained_with_each_condition() -> None:
    """What conditions saw is told; values that may be about a person only on demand."""
    words = ["Contact.Name", "--record", "restricted", "--caller", "mailer", "--purpose", "product_news"]
    hidden = _explain(*words, "--action", "list")
    assert hidden.exit_code == 0
    assert "=> ABSENT   decided by guard restriction-of-processing" in hidden.output
    assert "true  resource.restricted    [resource.restricted = hidden, see --show-values]" in hidden.output
    shown = _explain(*words, "--action", "list", "--show-values").output
    assert "[resource.restricted = true]" in shown
    assert "[resource.consents = [product_news]]" in shown


@pytest.mark.parametrize(
    ("target", "words", "needs"),
    [
        (
            "Contact.Name",
            ["--record", "restricted", "--caller", "mailer", "--purpose", "product_news", "--action", "list"],
            ["guard restriction-of-processing", "false: resource.restricted"],
        ),
        (
            "Contact.Name",
            ["--record", "did_not_ask", "--caller", "mailer", "--purpose", "product_news", "--action", "list"],
            ["grant product-news-list", 'true: consent("product_news")'],
        ),
        (
            "Contact.Phone",
            ["--record", "mara", "--caller", "agent", "--purpose", "customer_support"],
            ["grant lead-contact", "role support_lead"],
        ),
        (
            "Contact.Birthdate",
            ["--record", "mara", "--caller", "agent", "--purpose", "customer_support"],
            ["guard birth-year-only", "it would have to leave this caller out"],
        ),
        (
            "Contact.Name",
            ["--record", "mara", "--caller", "agent", "--purpose", "customer_support"],
            ["it is allowed"],
        ),
        (
            "Contact",
            ["--role", "marketer", "--recipient", "mailer_us", "--purpose", "newsletter", "--action", "share"],
            ["somebody would have to write one"],
        ),
    ],
)
def test_why_not_says_what_would_have_to_be_otherwise(target: str, words: list[str], needs: list[str]) -> None:
    """Conditions to come out otherwise, callers to be others, guards to leave somebody out; and no more."""
    result = _explain(target, *words, "--why-not")
    assert result.exit_code == 0
    lines = result.output.strip().splitlines()
    assert any(all(need in line for need in needs) for line in lines), result.output


def test_machines_get_every_condition_as_a_tree_with_what_it_saw() -> None:
    """Answers always; values that may be about a person only on demand; and the smallest sets of changes."""
    words = ["Contact.Name", "--record", "restricted", "--caller", "mailer", "--purpose", "product_news"]
    words += ["--action", "list", "--format", "json", "--why-not"]
    found = json.loads(_explain(*words).output)
    rules = {each["rule"]: each for each in found["considered"]}
    guard = rules["restriction-of-processing"]
    assert (guard["matches"], guard["conditions"]) == (
        True,
        [
            {
                "op": "atom",
                "text": "resource.restricted",
                "answer": True,
                "saw": [{"name": "resource.restricted", "hidden": True}],
            }
        ],
    )
    audited = rules.get("stale-contacts")
    assert audited is None or audited["conditions"][0]["op"] == "all"
    assert [[each["what"] for each in way] for way in found["why_not"]] == [
        ["false: resource.restricted"],
        ["purpose newsletter"],
    ]
    shown = json.loads(_explain(*words, "--show-values").output)
    saw = {each["rule"]: each for each in shown["considered"]}["product-news-list"]["conditions"][0]["saw"]
    assert saw == [{"name": "resource.consents", "value": "[product_news]"}]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["Contact.Name", "--purpose", "newsletter"], "give --role and --recipient, or --caller"),
        (["--purpose", "newsletter"], "give OBJECT[.FIELD] and --purpose, or --decision"),
        (["Contact.Name", "--purpose", "newsletter", "--caller", "mailr"], 'unknown caller of a test "mailr"'),
        (
            ["Account.Name", "--purpose", "newsletter", "--caller", "mailer", "--record", "mara"],
            "record mara is of ",
        ),
    ],
)
def test_what_cannot_be_explained_is_a_usage_error(words: list[str], message: str) -> None:
    """Exit code 2, and what to give."""
    result = _explain(*words)
    assert (result.exit_code, message in result.output) == (2, True), result.output


async def test_a_decision_is_explained_from_the_ledger(tmp_path: Path) -> None:
    """What is on record, by which rules, and whether it would come out the same."""
    folder = tmp_path / "ledger"
    ledger = Ledger.open(folder, now=lambda: 1_795_424_400.0)
    await ledger.append(
        Declined(
            id="7",
            lane="sales",
            principal="p",
            client="helpdesk",
            recipient="helpdesk_app",
            purpose="customer_support",
            operations=("delete Contact",),
            stage="policy",
            reason="not_granted",
            detail="delete Contact",
            status=403,
            rules=("support-basics",),
            policy="sha256:00",
            roles=("support_agent",),
            connector="salesforce",
        )
    )
    ledger.close()
    result = _explain("--decision", "7", "--ledger", folder)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "declined  not_granted"
    assert "  by the policies of another digest: sha256:00" in lines
    assert any(line.startswith("  decided by support-basics  ") for line in lines)
    assert lines[-1] == "made again: the same"
    missing = _explain("--decision", "8", "--ledger", folder)
    assert (missing.exit_code, "has no decision 8" in missing.output) == (2, True)
