"""What is said of jobs and batches: a closed list, and ids of the caller's."""

import re

import pytest

from proxy.connectors.asked import Opened
from proxy.connectors.bulk.infos import text_of, told, told_list, unwrapped
from proxy.errors import Gap, Undecodable, UpstreamFault


def test_only_known_members_are_told() -> None:
    """Texts that somebody wrote, and whatever nobody declared, are left out."""
    opened = Opened(None)
    answer = {
        "id": "750",
        "state": "Failed",
        "numberRecordsFailed": 3,
        "apiVersion": 59.0,
        "errorMessage": "canary",
        "query": "SELECT canary",
        "createdById": "005",
        "object": "Contact WHERE canary",
        "externalIdFieldName": None,
    }
    found = told(answer, opened, lambda key: f"mine-{key}")
    assert found == {"id": "mine-750", "state": "Failed", "numberRecordsFailed": 3}
    assert opened.pruned == 5


def test_xml_says_the_same() -> None:
    """A root is kept, and everything in it is text."""
    answer = {"batchInfo": {"id": "751", "jobId": "750", "state": "Completed", "stateMessage": "canary"}}
    found = told(answer, Opened(None), lambda _: "job", lambda key: f"batch-{key}")
    assert found == {"batchInfo": {"id": "batch-751", "jobId": "job", "state": "Completed"}}
    many = {"batchInfoList": {"batchInfo": [answer["batchInfo"]]}}
    assert told_list(many, Opened(None), lambda _: "job", str.lower) == {
        "batchInfoList": {"batchInfo": [{"id": "751", "jobId": "job", "state": "Completed"}]}
    }


@pytest.mark.parametrize("answer", [None, [], {"state": "Open"}, {"id": 7}, "canary"])
def test_what_is_no_job_is_not_released(answer: object) -> None:
    """An answer without an id is not the answer to this."""
    with pytest.raises(UpstreamFault):
        told(answer, Opened(None), str)
    with pytest.raises(UpstreamFault):
        told_list(answer, Opened(None), str, str)


def test_requests_are_read_in_both_forms() -> None:
    """And what is none in either is refused."""
    assert unwrapped({"state": "Closed"}) == ({"state": "Closed"}, False)
    assert unwrapped({"jobInfo": {"state": "Closed"}}) == ({"state": "Closed"}, True)
    for tree in ([], "x", {"jobInfo": "x"}):
        with pytest.raises(Gap):
            unwrapped(tree)
    with pytest.raises(Undecodable):
        text_of({}, "state", re.compile("x"))
    with pytest.raises(Gap):
        text_of({"state": "y"}, "state", re.compile("x"))
