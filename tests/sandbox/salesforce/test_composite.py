"""The sandbox carries out requests inside a request as Salesforce documents it."""

import json

from proxy.sandbox import SalesforceSandbox
from proxy.sandbox.exchange import Call

V = "/services/data/v59.0"


def post(sandbox: SalesforceSandbox, path: str, body: object) -> dict:
    """Return the tree of an answer."""
    call = Call("POST", f"{V}/{path}", "", {"Authorization": "Bearer t"}, json.dumps(body).encode())
    return sandbox.answer(call).tree  # type: ignore[return-value]


def requests(*bodies: dict[str, object]) -> list[dict[str, object]]:
    """Return creations of contacts, named a, b, c."""
    url = f"{V}/sobjects/Contact"
    return [
        {"method": "POST", "url": url, "referenceId": "abc"[number], "body": body}
        for number, body in enumerate(bodies)
    ]


def test_references_are_filled_in() -> None:
    """What one part brought stands in the URL of another."""
    parts = requests({"LastName": "Quill"})
    parts.append({"method": "GET", "url": f"{V}/sobjects/Contact/@{{a.id}}?fields=LastName", "referenceId": "r"})
    found = post(SalesforceSandbox("t"), "composite", {"compositeRequest": parts})["compositeResponse"]
    assert [row["httpStatusCode"] for row in found] == [201, 200]
    assert found[1]["body"]["LastName"] == "Quill"


def test_all_or_none_undoes_everything() -> None:
    """A part that fails takes back the ones before it; without the switch they stay."""
    for whole, more in ((True, 0), (False, 1)):
        sandbox = SalesforceSandbox("t")
        before = len(sandbox.people())
        parts = requests({"LastName": "Quill"}, {"FirstName": "No last name"})
        found = post(sandbox, "composite", {"allOrNone": whole, "compositeRequest": parts})
        assert [row["httpStatusCode"] for row in found["compositeResponse"]] == [400 if whole else 201, 400]
        assert len(sandbox.people()) == before + more


def test_graphs_stand_alone() -> None:
    """One graph that fails leaves the other as it is."""
    sandbox = SalesforceSandbox("t")
    before = len(sandbox.people())
    graphs = [
        {"graphId": "1", "compositeRequest": requests({"LastName": "Quill"})},
        {"graphId": "2", "compositeRequest": requests({"LastName": "Pen"}, {})},
    ]
    found = post(sandbox, "composite/graph", {"graphs": graphs})["graphs"]
    assert [graph["isSuccessful"] for graph in found] == [True, False]
    assert len(sandbox.people()) == before + 1


def test_a_batch_can_be_halted() -> None:
    """After an error the rest is not carried out, if the client asks for that."""
    bad, good = {"method": "GET", "url": "v59.0/nowhere"}, {"method": "GET", "url": "v59.0/limits"}
    found = post(SalesforceSandbox("t"), "composite/batch", {"batchRequests": [bad, good], "haltOnError": True})
    assert [row["statusCode"] for row in found["results"]] == [404, 412]
    found = post(SalesforceSandbox("t"), "composite/batch", {"batchRequests": [bad, good]})
    assert [row["statusCode"] for row in found["results"]] == [404, 200]
    assert found["hasErrors"] is True
