"""What is said of jobs and batches, in requests and in answers: a closed list of members, in JSON and in XML.

In XML everything is text, and a root says what it is (`jobInfo`); both come to the same members here. The ids of
the CRM are replaced by sealed ones, and whatever is text that somebody wrote (a query, an error) is left out.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from proxy.connectors.asked import Opened
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree, scalar_text

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,3}(\.[0-9])?", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)", re.ASCII)

SHOWN: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(("operation", "object", "state", "concurrencyMode", "contentType", "jobType"), _WORD),
    **dict.fromkeys(("lineEnding", "columnDelimiter", "externalIdFieldName"), _WORD),
    **dict.fromkeys(("createdDate", "systemModstamp"), _TIME),
    **dict.fromkeys(
        (
            *("numberBatchesQueued", "numberBatchesInProgress", "numberBatchesCompleted"),
            *("numberBatchesFailed", "numberBatchesTotal", "numberRecordsProcessed", "numberRecordsFailed"),
            *("numberRetries", "retries", "totalProcessingTime", "apiActiveProcessingTime"),
            "apexProcessingTime",
        ),
        _COUNT,
    ),
    "apiVersion": _NUMBER,
}
"""Member -> what its value looks like; every other member is left out."""

ROOTS: Final = ("jobInfo", "batchInfo")

Named = Callable[[str], str]
"""The CRM's id -> the id that the caller gets."""


def unwrapped(tree: Tree) -> tuple[dict[str, Tree], bool]:
    """Return what a request says of a job, and whether it says so in XML.

    Raises:
        Gap: it is no such thing.
    """
    if isinstance(tree, dict) and tree.keys() == {"jobInfo"}:
        inner = tree["jobInfo"]
        if not isinstance(inner, dict):
            raise Gap("construct", "unknown_value")
        return inner, True
    if not isinstance(tree, dict):
        raise Gap("construct", "unknown_value")
    return tree, False


def text_of(tree: Mapping[str, Tree], name: str, allowed: re.Pattern[str]) -> str:
    """Return a member that must be there and be a text of a kind; raises Gap and Undecodable."""
    if name not in tree:
        raise Undecodable("member_missing")
    value = tree[name]
    if not isinstance(value, str) or not allowed.fullmatch(value):
        raise Gap("construct", "unknown_value")
    return value


def told(tree: Tree, opened: Opened, job: Named, batch: Named | None = None) -> Tree:
    """Return what an answer says of a job or batch, cut down to what is known, with ids as the caller has them.

    Args:
        tree: the answer, or a part of it.
        opened: counts what is left out.
        job: makes ids of jobs.
        batch: makes ids of batches; None: the answer is about a job.

    Raises:
        UpstreamFault: it is no such answer.
    """
    if isinstance(tree, dict) and len(tree) == 1 and (root := next(iter(tree))) in ROOTS:
        return {root: told(tree[root], opened, job, batch)}
    if not isinstance(tree, dict) or not isinstance(tree.get("id"), str):
        raise UpstreamFault("unexpected_shape")
    found: dict[str, Tree] = {"id": (batch or job)(str(tree["id"]))}
    if batch is not None and isinstance(tree.get("jobId"), str):
        found["jobId"] = job(str(tree["jobId"]))
    for name, value in tree.items():
        text = "" if isinstance(value, bool) else scalar_text(value)
        if name in SHOWN and text is not None and SHOWN[name].fullmatch(text):
            found[name] = value
        elif name not in {"id", "jobId"} and value is not None:
            opened.pruned += 1
    return found


def told_list(tree: Tree, opened: Opened, job: Named, batch: Named) -> Tree:
    """Return a list of batches, cut down as `told` does; raises UpstreamFault if it is none."""
    if isinstance(tree, dict) and tree.keys() == {"batchInfoList"}:
        inner = tree["batchInfoList"]
        return {"batchInfoList": told_list(inner, opened, job, batch)}
    rows = tree.get("batchInfo") if isinstance(tree, dict) else None
    if not isinstance(rows, list):
        raise UpstreamFault("unexpected_shape")
    return {"batchInfo": [told(row, opened, job, batch) for row in rows]}
