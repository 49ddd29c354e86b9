"""What an answer proves of the values that were written; what it does not prove, it changes nothing of."""

from types import SimpleNamespace

import pytest

from proxy.connectors import Opened
from proxy.message import Headers, Record
from proxy.model import Action
from proxy.sealing import _written
from proxy.vault import Opening
from proxy.vault.needs import Made

TOKEN, OTHER = "zq" + "a" * 20, "zq" + "b" * 20
UPDATED = (Made(TOKEN, "Contact", "r1", -1),)
TWO = (*UPDATED, Made(OTHER, "Contact", "r2", -1))
CREATED = (Made(TOKEN, "Contact", None, 0),)
NONE = Headers()


def shown(*texts: str) -> Opened:
    """Return an answer with a record for each text."""
    return Opened(
        {},
        [Record("Contact", Action.READ, {"Name": text}, key=f"r{at}") for at, text in enumerate(texts, start=1)],
    )


@pytest.mark.parametrize(
    ("made", "status", "opened", "proves"),
    [
        (UPDATED, 204, Opened(None), Opening(kept=(TOKEN,))),
        (UPDATED, 200, Opened({"results": [{"statusCode": 400}]}), Opening()),  # it failed inside a success
        (UPDATED, 200, Opened({"id": 1, "result": None}), Opening(kept=(TOKEN,))),
        (UPDATED, 200, Opened({"error": {}}, is_error=True), Opening()),
        (UPDATED, 200, Opened({"result": False}), Opening()),
        (TWO, 207, shown(TOKEN), Opening(kept=(TOKEN,))),  # of two one was taken
        (UPDATED, 400, Opened({}, is_error=True), Opening(dropped=(TOKEN,))),
        (UPDATED, 429, Opened({}, is_error=True), Opening()),
        (UPDATED, 503, Opened({}, is_error=True), Opening()),
        (TWO, 400, Opened({}, is_error=True), Opening()),  # perhaps the first was taken
        (CREATED, 201, Opened({"id": "r9", "success": True}), Opening(attached=((TOKEN, "r9"),))),
        (CREATED, 201, shown(TOKEN), Opening(attached=((TOKEN, "r1"),))),
        (CREATED, 200, Opened([{"id": "a", "success": True}, {"id": "b", "success": True}]), Opening()),
        ((), 204, Opened(None), Opening()),
    ],
)
def test_what_an_answer_proves(made, status, opened, proves):
    """A row that is deleted while the CRM has what it stands for would be a value lost."""
    exchange = SimpleNamespace(made=made, makes=1)
    assert _written(exchange, opened, status, NONE) == proves
