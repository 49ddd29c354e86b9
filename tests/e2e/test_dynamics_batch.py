"""Dataverse's `$batch` through Lychgate, in both forms: what comes inside is judged as if it had come alone."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from proxy.message import Headers, Request
from tests.e2e.harness import Ended, GatewayHarness
from tests.e2e.test_dynamics import BASE, FIELDS, HIDDEN, Asker

HOST = "lychgate.example:8443"
JSON, MIXED = "json", "multipart"
BOTH = pytest.mark.parametrize("form", [JSON, MIXED])
One = tuple[str, str, dict[str, str], Any]
"""Method, URL, headers, and the body or None."""


def get(url: str, **headers: str) -> One:
    """Return a request that reads."""
    return "GET", url, {name.replace("_", "-"): value for name, value in headers.items()}, None


def _http(one: One, number: str = "") -> bytes:
    method, url, headers, body = one
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    head += f"Content-ID: {number}\r\n" if number else ""
    fields = {**headers, **({"Content-Type": "application/json"} if body is not None else {})}
    text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    inside = json.dumps(body).encode() if body is not None else b""
    return f"{head}\r\n{method} {url} HTTP/1.1\r\n{text}\r\n".encode() + inside


def _mixed(parts: list[bytes], boundary: str) -> bytes:
    line = f"--{boundary}\r\n".encode()
    return b"".join(line + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


def written(form: str, asked: list[One | list[One]]) -> tuple[str, bytes]:
    """Return content type and body of a batch; a list is a change set."""
    if form == JSON:
        rows: list[dict[str, Any]] = []
        for number, each in enumerate(asked):
            for one in each if isinstance(each, list) else [each]:
                method, url, headers, body = one
                row = {"id": f"r{len(rows)}", "method": method.lower(), "url": url, "headers": headers}
                row |= {"atomicityGroup": f"g{number}"} if isinstance(each, list) else {}
                rows.append(row if body is None else {**row, "body": body})
        return "application/json", json.dumps({"requests": rows}).encode()
    parts = [
        b"Content-Type: multipart/mixed; boundary=set\r\n\r\n"
        + _mixed([_http(one, str(at + 1)) for at, one in enumerate(each)], "set")
        if isinstance(each, list)
        else _http(each)
        for each in asked
    ]
    return "multipart/mixed; boundary=outer", _mixed(parts, "outer")


def answers(form: str, ended: Ended) -> list[tuple[int, Any]]:
    """Return status and body of each answer."""
    assert ended.response.status == 200, ended.response.body
    if form == JSON:
        rows = json.loads(ended.response.body)["responses"]
        return [(row["status"], row.get("body")) for row in rows]
    found = re.findall(rb"HTTP/1\.1 (\d+) [A-Za-z ]+\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)", ended.response.body)
    return [(int(status), json.loads(body) if body else None) for status, body in found]


class Batcher(Asker):
    """Sends batches."""

    async def batch(
        self, form: str, *asked: One | list[One], headers: tuple[tuple[str, str], ...] = ()
    ) -> Ended:
        """Return how a batch ends."""
        kind, body = written(form, list(asked))
        fields = (*self._fields, *headers, ("content-type", kind))
        request = Request("POST", f"{BASE}/$batch", "", Headers(fields), body, host=HOST)
        return await self._harness.exchange("dynamics", request, self._answer)


@BOTH
@pytest.mark.parametrize(("client", "purpose"), [("helpdesk", None), ("privacy_desk", "subject_request")])
async def test_a_record_inside_is_what_it_is_alone(
    harness: GatewayHarness, client: str, purpose: str | None, form: str
) -> None:
    """By a URL that is relative, begins at the root, or is absolute."""
    ask = Batcher(harness, client, purpose)
    key = ask.crm.people()[0]["contactid"]
    alone = await ask.get(f"contacts({key})", select=",".join(FIELDS))
    url = f"contacts({key})?$select={','.join(FIELDS)}"
    ended = await ask.batch(
        form, get(url), get(f"{BASE}/{url}"), get(f"https://{HOST}{BASE}/{url}", accept="application/json")
    )
    assert answers(form, ended) == [(200, alone)] * 3
    assert ended.forwarded is not None
    assert HOST.encode() not in ended.forwarded.body
    assert [entry["kind"] for entry in ended.entries] == ["requested", "disclosed"]
    assert ended.entries[1]["records"] == 1  # the same one


@BOTH
@pytest.mark.parametrize("options", HIDDEN, ids=str)
async def test_a_hidden_column_answers_nothing_inside(
    harness: GatewayHarness, options: dict[str, str], form: str
) -> None:
    """MP-03, IO-01 to IO-09: one request that is refused refuses all of them, and nothing is sent."""
    ask = Batcher(harness, "helpdesk")
    query = "&".join(f"{name}={quote(value)}" for name, value in options.items())
    ended = await ask.batch(form, get("contacts?$select=fullname"), get(f"contacts?{query}"))
    assert ended.forwarded is None
    assert ended.response.status == 403
    assert json.loads(ended.response.body)["error"]["code"] == "0x80040220"


@BOTH
async def test_a_change_set_is_done_as_a_whole(harness: GatewayHarness, form: str) -> None:
    """Two writes that may be made are made; where the CRM refuses one, neither is, which is told once."""
    ask = Batcher(harness, "helpdesk_leads")
    first, second = (ask.crm.people()[at]["contactid"] for at in (0, 1))
    must = {"if-match": "*", "prefer": "return=representation"}

    def name(key: object, **body: str) -> One:
        return "PATCH", f"contacts({key})?$select=firstname", must, body

    ended = await ask.batch(form, [name(first, firstname="Una"), name(second, firstname="Ida")])
    assert [status for status, _ in answers(form, ended)] == [200, 200]
    assert [body["firstname"] for _, body in answers(form, ended)] == ["Una", "Ida"]
    gone = "00000000-0000-0000-0000-00000000dead"
    ended = await ask.batch(form, [name(first, firstname="Eve"), name(gone, firstname="Eve")], get("contacts"))
    (told,) = answers(form, ended)
    assert told[0] == 404
    assert told[1] == {"error": {"code": "0x80040217", "message": "The requested resource does not exist."}}
    assert ask.crm.people()[0]["firstname"] == "Una"


@BOTH
async def test_a_write_inside_is_held_to_what_it_is_alone(harness: GatewayHarness, form: str) -> None:
    """A masked value that comes back, a field that may not be written, a delete that nobody granted."""
    ask = Batcher(harness, "helpdesk")
    key = ask.crm.people()[0]["contactid"]
    must = {"if-match": "*"}
    for one in (
        ("PATCH", f"contacts({key})", must, {"telephone1": "*** *** 01"}),
        ("PATCH", f"contacts({key})", must, {"governmentid": "1"}),
        ("DELETE", f"contacts({key})", {}, None),
    ):
        ended = await ask.batch(form, [one])
        assert ended.forwarded is None
        assert 400 <= ended.response.status < 500


STRANGE = (
    get("https://other.example/api/data/v9.2/contacts"),
    get(f"https://{HOST}.other.example{BASE}/contacts"),
    get(f"https://{HOST}@other.example{BASE}/contacts"),
    get("//other.example/contacts"),
    get("/api/data/v9.2/../v9.2/contacts"),
    get("/elsewhere/contacts"),
    get("$1/fullname"),
    get("$batch"),
    get("contacts", authorization="Bearer x"),
    get("contacts", cookie="a=b"),
    get("contacts", mscrmcallerid="00000000-0000-0000-0000-000000000001"),
    get("contacts", x_http_method_override="DELETE"),
    get("contacts", host="other.example"),
    ("POST", "contacts", {}, {"parentcustomerid_account@odata.bind": "$1"}),
    ("POST", "$batch", {}, {"requests": []}),
    ("OPTIONS", "contacts", {}, None),
)


@BOTH
@pytest.mark.parametrize("one", STRANGE, ids=str)
async def test_mp_03_nothing_inside_goes_further_than_it_would_alone(
    harness: GatewayHarness, one: One, form: str
) -> None:
    """MP-03: other servers, other callers, other methods, references and batches in batches are refused."""
    ended = await Batcher(harness, "helpdesk_leads").batch(form, get("contacts?$select=fullname"), one)
    assert ended.forwarded is None
    assert 400 <= ended.response.status < 500
    assert json.loads(ended.response.body)["error"]["message"]


async def test_further_pages_of_a_list_inside_are_sealed(harness: GatewayHarness) -> None:
    """The link opens alone as well as inside; the CRM's own token is not shown."""
    ask = Batcher(harness, "helpdesk")
    url = "contacts?$select=fullname"
    ended = await ask.batch(MIXED, get(url, prefer="odata.maxpagesize=5"))
    ((_, page),) = answers(MIXED, ended)
    link = page["@odata.nextLink"]
    assert "cookie" not in link
    ended = await ask.batch(JSON, get(link, prefer="odata.maxpagesize=5"))
    ((_, further),) = answers(JSON, ended)
    assert not {row["fullname"] for row in page["value"]} & {row["fullname"] for row in further["value"]}
