"""Jobs and the ids by which their owners name them."""

from dataclasses import replace

import pytest

from proxy.connectors.bulk.jobs import Job, Jobs
from proxy.errors import Gap, Undecodable
from tests.connectors.conftest import OpenSealer

JOB = Job("750Lg0000000001AAA", "upsert", "Contact", "Email")


def test_a_job_comes_back_as_it_was_sealed() -> None:
    """And says in its first sign whether it asks or writes."""
    jobs = Jobs(OpenSealer(), "crm job\n")
    assert jobs.open(jobs.seal(JOB, "me"), "me") == JOB
    query = Job("750Lg0000000001AAA", "queryAll", query="SELECT Id FROM Contact")
    assert jobs.seal(query, "me")[0] == "q"
    assert jobs.seal(JOB, "me")[0] == "j"
    assert (query.deleted, JOB.deleted) == (True, False)


def test_when_a_job_was_ordered_is_in_its_id() -> None:
    """One from before that was noted is older than anything."""
    jobs = Jobs(OpenSealer(), "crm job\n")
    assert jobs.open(jobs.seal(replace(JOB, at=7), "me"), "me").at == 7
    before = Jobs(jobs.sealer, jobs.context, jobs.fields[:-1])
    assert jobs.open(before.seal(replace(JOB, at=7), "me"), "me").at == 0


def test_a_job_opens_for_its_maker_only() -> None:
    """Not for another caller, and not as a job of another kind."""
    jobs = Jobs(OpenSealer(), "crm job\n")
    text = jobs.seal(JOB, "me")
    for changed, binding in ((text, "you"), ("q" + text[1:], "me")):
        with pytest.raises(Undecodable):
            jobs.open(changed, binding)


def test_without_a_sealer_there_are_no_jobs() -> None:
    """A connector that cannot seal cannot tell whose job it is."""
    with pytest.raises(Gap):
        Jobs(None, "crm job\n").seal(JOB, "me")
    with pytest.raises(Gap):
        Jobs(None, "crm job\n").open("jx", "me")
