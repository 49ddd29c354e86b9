"""A consent that a client of the CRM withdraws: the CRM answers, and a case is opened that people agree to."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from proxy.demo.installation import LaneOf
from proxy.demo.processes import free_port
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, running
from tests.e2e.processes import Installed, until
from tests.e2e.sdks import Hubspot, salesforce
from tests.e2e.test_deletes import GRANT
from tests.e2e.test_erasure import TOKEN, Operator

RULES = """
withdrawals:
  - id: newsletter-withdrawn
    on: {connectors: [salesforce], objects: [Contact]}
    consent: product_news
    when: resource.opted_out
    then: case
    ground: consent_withdrawn
    unless:
      - because: A restriction is asked for in its place.
        refs: ["GDPR Art. 18(1)(b)"]
        when: resource.restricted
  - id: no-news-any-more
    on: {connectors: [hubspot], objects: [contacts]}
    consent: product_news
    then: case
    ground: consent_withdrawn
"""
CONTACT = SalesforceSandbox(TOKEN).org.schema.objects["contact"]
DESK = ("privacy_desk", "subject_request")


class House:
    """An installation whose policy has rules for withdrawals, and both CRMs."""

    def __init__(self, run: Installed, org: SalesforceSandbox, account: HubSpotSandbox) -> None:
        self.run, self.org, self.account = run, org, account
        self.operator = Operator(run)

    def cases(self) -> list[dict[str, Any]]:
        return [self.operator.does("show", each["case"]) for each in self.operator.does("list")["cases"]]

    def contact(self, *, out: bool) -> dict[str, Any]:
        return next(row for row in self.org.people() if row["HasOptedOutOfEmail"] is out)

    def lies_still(self) -> bool:
        """Say whether nothing is left to be looked at."""
        with closing(sqlite3.connect(self.run.made.folder / "state" / "store.db")) as store:
            return store.execute("SELECT count(*) FROM erasure_watched").fetchone() == (0,)

    def withdraw(self, record: str, *, out: bool = True) -> None:
        salesforce(self.run, *DESK).Contact.update(record, {"HasOptedOutOfEmail": out})


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest):
    """A process that serves both CRMs, in as many workers as a test says; the privacy desk may write what
    shows a consent."""
    workers = getattr(request, "param", 1)
    org, account = SalesforceSandbox(TOKEN), HubSpotSandbox(TOKEN)
    with running(org) as here, running(account) as there:
        lanes: dict[Any, LaneOf] = {
            "salesforce": LaneOf(free_port(), here.url, TOKEN, tls=True),
            "hubspot": LaneOf(free_port(), there.url, TOKEN),
        }
        run = Installed.make(tmp_path / "home", lanes, lambda text: f"workers: {workers}\n{text}")
        policies = run.made.policies / "example"
        (policies / "everything.yaml").write_text(GRANT, "utf-8")
        erasure = policies / "erasure.yaml"
        erasure.write_text(erasure.read_text("utf-8") + RULES, "utf-8")
        connector = run.made.policies / "connectors" / "hubspot.yaml"
        text = connector.read_text("utf-8")
        optout = "      hs_email_optout:      {category: user.behavior.marketing}\n"
        listed = text.replace(optout, optout + optout.replace("hs_email_optout", "consents"), 1)
        assert listed != text
        connector.write_text(listed, "utf-8")
        try:
            yield House(run.up(), org, account)
        finally:
            run.kill()


@pytest.mark.parametrize("house", [1, 2], indirect=True)
def test_a_write_that_withdraws_opens_one_case_that_people_agree_to(house: House) -> None:
    """The answer is the CRM's; said twice it is one case; nothing is erased before somebody agrees."""
    row = house.contact(out=False)
    house.withdraw(row["Id"])
    assert next(one for one in house.org.people() if one["Id"] == row["Id"])["HasOptedOutOfEmail"] is True
    until(house.cases)
    house.withdraw(row["Id"])
    until(house.lies_still)
    (case,) = house.cases()
    assert (case["source"], case["ground"], case["law"]) == ("consent", "consent_withdrawn", "gdpr")
    until(lambda: house.cases()[0]["state"] == "awaiting_confirmation")
    assert len(house.org.people()) == 12
    house.operator.agrees(case["case"], house.cases()[0]["short"])
    done = house.operator.does("run", case["case"])["cases"][0]
    assert done["state"] == "live_complete", done
    assert row["Id"] not in {one["Id"] for one in house.org.people()}
    house.run.down()
    house.run.check_ledger()
    ledger = b"".join(path.read_bytes() for path in house.run.made.ledger.glob("*") if path.is_file())
    assert row["Id"].encode() not in ledger
    assert b"consent_withdrawn" in ledger


def test_what_withdraws_nothing_opens_nothing(house: House) -> None:
    """Another field; one who is spared; a consent that is given; a CRM that refuses."""
    one, other = [row for row in house.org.people() if not row["HasOptedOutOfEmail"]][:2]
    (stored,) = (row for row in house.org.org.rows(CONTACT) if row["Id"] == other["Id"])
    stored["ProcessingRestricted__c"] = True
    salesforce(house.run, *DESK).Contact.update(one["Id"], {"Department": "Sales"})
    house.withdraw(other["Id"])
    house.withdraw(one["Id"], out=False)
    until(house.lies_still)
    assert house.cases() == []


def test_given_again_before_anybody_agrees_the_agreement_is_void(house: House) -> None:
    """Whoever agrees to the new plan has read that the consent stands again."""
    row = house.contact(out=False)
    house.withdraw(row["Id"])
    until(lambda: [one for one in house.cases() if one["state"] == "awaiting_confirmation"])
    (case,) = house.cases()
    house.operator.agrees(case["case"], case["short"])
    house.withdraw(row["Id"], out=False)
    house.operator.does("run", case["case"], code=1)
    (after,) = house.cases()
    assert after["state"] == "awaiting_confirmation"
    assert after["short"] != case["short"]
    assert "the consent product_news is not withdrawn any more" in " ".join(after["summary"])
    assert row["Id"] in {one["Id"] for one in house.org.people()}


def test_dying_between_the_answer_and_the_case_loses_nothing(house: House) -> None:
    """The process is killed as the client has its answer; the next one finds what is to be looked at, once."""
    house.withdraw(house.contact(out=False)["Id"])
    house.run.kill()
    house.run.up()
    until(house.cases)
    until(house.lies_still)
    assert [case["source"] for case in house.cases()] == ["consent"]


def test_a_consent_that_goes_from_a_list_is_withdrawn_and_one_that_was_never_there_is_not(house: House) -> None:
    """By what the record was before: a list tells what is given, and nothing of what was."""
    people = house.account.people()
    had = next(one for one in people if "product_news" in (one.get("consents") or ""))
    never = next(one for one in people if not one.get("consents"))
    basic = Hubspot(house.run, *DESK).basic
    for one, value in ((never, "survey"), (had, "survey")):
        basic.update(one["hs_object_id"], {"properties": {"consents": value}})
    until(house.cases)
    until(house.lies_still)
    (case,) = house.cases()
    assert case["source"] == "consent"


def test_a_sweep_reports_who_says_so_and_opens_cases_when_it_is_told_to(house: House) -> None:
    """Counts first; then a batch; never a second case for one person."""
    told = house.operator.does("sweep", code=1)
    (found,) = [one for one in told["found"] if one["source"] == "consent"]
    out = sum(row["HasOptedOutOfEmail"] for row in house.org.people())
    assert (found["object"], found["why"], found["count"]) == ("Contact", "newsletter-withdrawn", out)
    assert house.cases() == []
    opened = house.operator.does("sweep", "--open", code=1)
    assert len(opened["opened"]) == out
    again = house.operator.does("sweep", "--open", code=1)
    assert (again["opened"], again["already"]) == ([], out)
