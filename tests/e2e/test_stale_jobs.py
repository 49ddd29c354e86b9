"""Results of jobs that were ordered before somebody was erased are not handed out, in any process, ever."""

import contextlib
import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from proxy.demo.installation import LaneOf
from proxy.demo.processes import free_port
from proxy.sandbox import SalesforceSandbox, running
from tests.e2e.processes import Installed, until
from tests.e2e.sdks import salesforce
from tests.e2e.test_erasure import AOIFE, TOKEN, Operator

SOQL = "SELECT Id, LastName, Email FROM Contact"
STALE = "ordered before somebody was erased"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Installed]:
    """Two workers before Salesforce."""
    with running(SalesforceSandbox(TOKEN)) as there:
        lanes = {"salesforce": LaneOf(free_port(), there.url, TOKEN, tls=True)}
        made = Installed.make(tmp_path / "home", lanes, lambda text: f"workers: 2\n{text}")
        try:
            yield made.up()
        finally:
            made.kill()


def ordered(client: Salesforce) -> str:
    """Return the id of a query job of Bulk 2.0."""
    return str(client.bulk2.Contact._client.create_job("query", query=SOQL)["id"])


def fetched(client: Salesforce, job: str) -> list[dict[str, str]]:
    """Return its rows."""
    text = client.bulk2.Contact._client.get_query_results(job, locator="", max_records=100)["records"]
    return list(csv.DictReader(io.StringIO(text)))


def by_older_api(client: Salesforce) -> tuple[str, str]:
    """Return the ids of a job of Bulk 1.0 and of the batch that asks."""
    bulk = client.bulk.Contact
    job = bulk._create_job(operation="query", use_serial=False)["id"]
    batch = bulk._add_batch(job_id=job, data=SOQL, operation="query")["id"]
    bulk._close_job(job_id=job)
    assert bulk._get_batch(job_id=job, batch_id=batch)["state"] == "Completed"
    return job, batch


def fetched_by_it(client: Salesforce, job: str, batch: str) -> int:
    """Return how many rows the batch found."""
    results = client.bulk.Contact._get_batch_results(job_id=job, batch_id=batch, operation="query")
    return sum(len(each) for each in results)


def served(client: Salesforce) -> bool:
    """Say whether a job that is ordered now is handed out: one of the very second of the erasure is not."""
    with contextlib.suppress(SalesforceError):
        return len(fetched(client, ordered(client))) == 12  # eleven, and the new one
    return False


def test_results_from_before_an_erasure_are_refused(run: Installed) -> None:
    """The SDK raises its usual error; a job from after it is served, and a restart forgets nothing."""
    lead = salesforce(run, "helpdesk_leads")
    before, upload = ordered(lead), lead.bulk2.Contact.insert(records=[{"LastName": "New"}], wait=0)[0]["job_id"]
    older = by_older_api(lead)
    assert (len(fetched(lead, before)), fetched_by_it(lead, *older)) == (13, 13)
    operator = Operator(run)
    case = operator.does("open", "--email", AOIFE, "--ground", "objection", "--identity", "account")["case"]
    operator.agrees(case, operator.does("plan", case)["short"])
    assert operator.does("run", case)["cases"][0]["state"] == "live_complete"
    for _ in range(2):
        for _ in range(6):  # whichever worker it is
            with pytest.raises(SalesforceError, match=STALE):
                fetched(salesforce(run, "helpdesk_leads"), before)
        with pytest.raises(SalesforceError, match=STALE):
            lead.bulk2.Contact.get_successful_records(upload)
        with pytest.raises(SalesforceError, match=STALE):
            fetched_by_it(lead, *older)
        until(lambda lead=lead: served(lead))
        assert fetched_by_it(lead, *by_older_api(lead)) == 12
        run.down()
        run.up()
        lead = salesforce(run, "helpdesk_leads")
    declined = {(one["stage"], one["reason"]) for one in run.entries() if one["kind"] == "declined"}
    assert declined == {("policy", "erasure_stale_job")}
    run.down()
    run.check_ledger()
