"""Cases over HTTP: the same as on the command line, to those who may, and nothing of anybody's data."""

import asyncio
import json
import logging

import pytest

from proxy.erasure import Case, StoreCases
from proxy.errors import LedgerError, StoreError
from tests.api.conftest import SETTINGS, Api
from tests.erase.conftest import AOIFE

OPENING = {"values": [{"kind": "email", "value": AOIFE}], "ground": "objection", "identity": "document"}


async def opened(api: Api, client: str = "helpdesk", **more: object) -> str:
    """Return a case that a client opened."""
    status, told = await api.asks(client, "POST", "/v1/cases", OPENING | more)
    assert status == 201
    return told["case"]


async def test_a_person_is_erased_over_http(api: Api) -> None:
    """Opened by the help desk, planned, agreed to and run by the privacy office; proved to both."""
    case = await opened(api)
    assert (await api.officer("POST", f"/v1/cases/{case}/plan", {}))[0] == 202
    planned = await api.settled(case)
    assert planned["state"] == "awaiting_confirmation"
    assert any("cannot be undone" in line for line in planned["summary"])
    status, told = await api.officer("POST", f"/v1/cases/{case}/confirmations", {"hash": "0" * 12})
    assert (status, "not this plan's hash" in told["detail"]) == (409, True)
    assert (await api.officer("POST", f"/v1/cases/{case}/confirmations", {"hash": planned["short"]}))[0] == 200
    assert (await api.officer("POST", f"/v1/cases/{case}/run", {}))[0] == 202
    done = await api.settled(case)
    assert (done["state"], done["source"], api.desk.there) == ("live_complete", "request", False)
    status, file = await api.asks("helpdesk", "GET", f"/v1/cases/{case}/certificate")
    assert (status, sorted(file)) == (200, ["certificate", "proof", "type"])
    key = api.desk.harness.installation.keys["privacy_desk"]
    page = await api.raw(
        "GET", f"/v1/cases/{case}/certificate?edition=live-complete", accept="text/html",
        x_purpose="subject_request", authorization=f"Bearer {key}",
    )  # fmt: skip
    assert (page.media, b"Certificate of erasure" in page.body) == ("text/html", True)
    paper = await api.raw(
        "GET", f"/v1/cases/{case}/certificate", accept="application/pdf", x_purpose="subject_request",
        authorization=f"Bearer {key}",
    )  # fmt: skip
    assert (paper.media, paper.body[:5]) == ("application/pdf", b"%PDF-")
    for text in (json.dumps(file), page.body.decode(), json.dumps(done)):
        assert AOIFE not in text
        assert "Aoife" not in text
    entries = [entry for entry in api.desk.harness.entries() if entry["kind"] == "erasure"]
    assert entries[0]["who"] == api.desk.harness.app.pseudonyms.of("principal", "helpdesk")
    assert AOIFE not in str(entries)


async def test_who_asked_cannot_be_the_second_to_agree(api: Api) -> None:
    """Over HTTP as on the command line: two people, and neither is the one who asked."""
    rules = api.desk.harness.installation.policies / "example" / "erasure.yaml"
    rules.write_text(rules.read_text("utf-8").replace("people: 1", "people: 2"), "utf-8")
    api.desk.harness.app.reload()
    case = await opened(api, "privacy_desk")
    await api.officer("POST", f"/v1/cases/{case}/plan", {})
    short = (await api.settled(case))["short"]
    status, told = await api.officer("POST", f"/v1/cases/{case}/confirmations", {"hash": short})
    assert (status, told["state"]) == (200, "awaiting_approval")
    status, told = await api.officer("POST", f"/v1/cases/{case}/confirmations", {"hash": short})
    assert (status, "somebody else has to" in told["detail"]) == (409, True)


RIGHTS = [
    # client, method, path below a case of the help desk's, body, status
    ("mailer", "GET", "", None, 403),  # has none of the roles
    (None, "GET", "", None, 401),
    ("helpdesk", "GET", "", None, 200),
    ("helpdesk", "POST", "/plan", {}, 403),
    ("helpdesk", "POST", "/confirmations", {"hash": "0" * 12}, 403),
    ("helpdesk", "POST", "/run", {}, 403),
    ("helpdesk", "POST", "/acceptances", {"because": "x", "hash": "0" * 12}, 403),
    ("privacy_desk", "POST", "/acceptances", {"because": "x"}, 422),
    ("privacy_desk", "POST", "/acceptances", {"because": "x", "hash": "0" * 12}, 409),  # nothing was erased yet
    ("helpdesk", "POST", "/holds", {"because": "x"}, 403),
    ("helpdesk", "DELETE", "/holds/hold-1", None, 403),
    ("helpdesk", "POST", "/exceptions", {"because": "x", "word": "expression"}, 403),
    ("helpdesk", "DELETE", "/exceptions/except-1", None, 403),
    ("helpdesk", "POST", "/denial", {"because": "x", "why": "other"}, 403),
    ("helpdesk", "POST", "/extension", {"because": "x"}, 403),
    ("helpdesk", "POST", "/permission", {"basis": "x"}, 403),
    ("mailer", "POST", "/acknowledgements", {"recipient": "helpdesk_app"}, 403),
    ("mailer", "POST", "/acknowledgements", {}, 404),  # got nothing of the person, and hears of no case
    ("helpdesk", "POST", "/revocation", {"because": "changed their mind"}, 200),
]


async def test_who_may_do_what(api: Api) -> None:
    """Requesters open, see and revoke; whoever agrees by policy does the rest; nobody else anything."""
    case = await opened(api)
    for client, method, path, body, status in RIGHTS:
        said = await api.asks(client, method, f"/v1/cases/{case}{path}", body)
        assert said[0] == status, (client, method, path)


async def test_somebody_elses_case_is_none(api: Api) -> None:
    """A requester cannot tell it from one that does not exist, and does not find it in the list."""
    theirs, own = await opened(api, "privacy_desk"), await opened(api)
    there = await api.asks("helpdesk", "GET", f"/v1/cases/{theirs}")
    assert there == await api.asks("helpdesk", "GET", "/v1/cases/0190aaaa0190aaaa")
    assert there[0] == 404
    assert [one["case"] for one in (await api.asks("helpdesk", "GET", "/v1/cases"))[1]["cases"]] == [own]
    assert (await api.asks("helpdesk", "POST", f"/v1/cases/{theirs}/revocation", {"because": "x"}))[0] == 404
    assert (await api.asks("helpdesk", "GET", f"/v1/cases/{theirs}/certificate"))[0] == 404


async def test_a_list_comes_in_parts(api: Api) -> None:
    """Each part says where the next begins."""
    cases = sorted([await opened(api) for _ in range(3)])
    _, first = await api.officer("GET", "/v1/cases?limit=2")
    _, rest = await api.officer("GET", f"/v1/cases?limit=2&after={first['next']}")
    assert [one["case"] for one in first["cases"] + rest["cases"]] == cases
    assert rest["next"] == ""


async def test_a_requesters_list_opens_no_case_of_others(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are."""
    theirs = [await opened(api, "privacy_desk") for _ in range(3)]
    mine = await opened(api)
    seen, get = [], StoreCases.get

    def noted(self: StoreCases, case: str) -> Case:
        seen.append(case)
        return get(self, case)

    monkeypatch.setattr(StoreCases, "get", noted)
    _, told = await api.asks("helpdesk", "GET", "/v1/cases")
    assert [one["case"] for one in told["cases"]] == [mine]
    assert set(theirs).isdisjoint(seen)


async def test_who_is_told_by_mail_is_noted_with_the_case(api: Api) -> None:
    """Of a client that the configuration names, with and without a reference; of nobody else."""
    api.settings["mail"] = {"helpdesk": "desk@acme.example"}
    api.again()
    cases = [await opened(api), await opened(api), await opened(api, reference="r-1")]
    found = [api.desk.erasures.cases.get(case).origin for case in cases]
    assert [(one.request, one.reply) for one in found] == [
        ("", "mail helpdesk"), ("", "mail helpdesk"), ("r-1", "mail helpdesk")
    ]  # fmt: skip
    assert len(set(cases)) == 3
    assert await opened(api, reference="r-1") == cases[2]
    assert api.desk.erasures.cases.get(await opened(api, "privacy_desk")).origin is None


async def test_the_same_request_sent_twice_is_one_case(api: Api) -> None:
    """By its reference, of the same client; at the same moment, too."""
    told = await asyncio.gather(*(opened(api, reference="ticket 7") for _ in range(3)))
    assert len(set(told)) == 1
    assert await opened(api, "privacy_desk", reference="ticket 7") not in told
    assert await opened(api, reference="ticket 8") not in told


async def test_a_reference_used_for_somebody_else_is_told(api: Api) -> None:
    """Or the second person's request would look as if it was taken, and nobody would erase them."""
    case = await opened(api, reference="ticket 9")
    other = {
        "values": [{"kind": "email", "value": "other@example.org"}],
        "reference": "ticket 9",
        "ground": "objection",
    }
    for _ in range(2):
        status, told = await api.asks("helpdesk", "POST", "/v1/cases", other)
        assert (status, "somebody else" in told["detail"]) == (409, True)
    assert await opened(api, reference="ticket 9") == case


async def test_what_is_sent_comes_back_in_no_error(api: Api) -> None:
    """A value in the wrong place, and what a terminal would obey."""
    body = {"records": ["salesforce/ada@example.org/1"], "ground": "objection"}
    status, told = await api.asks("helpdesk", "POST", "/v1/cases", body)
    assert (status, "ada" in told["detail"]) == (409, False)
    for value in ("----", "    "):
        body = {"values": [{"kind": "phone", "value": value}], "ground": "objection"}
        assert (await api.asks("helpdesk", "POST", "/v1/cases", body))[0] == 409
    case = await opened(api)
    for text in ("\x1b[2J", "a\nb", "\x9b2J"):
        assert (await api.officer("POST", f"/v1/cases/{case}/holds", {"because": text}))[0] == 422


async def test_nobody_is_allowed_back_who_was_not_erased(api: Api) -> None:
    """It would be on record as if somebody had been."""
    case = await opened(api)
    status, _ = await api.officer("POST", f"/v1/cases/{case}/permission", {"basis": "a new contract"})
    assert status == 409
    assert "allowed_again" not in str(api.desk.harness.entries())


async def test_holds_exceptions_denials_and_extensions(api: Api) -> None:
    """Each is what the command of that name does."""
    case = await opened(api)
    path = f"/v1/cases/{case}"
    _, told = await api.officer("POST", f"{path}/holds", {"because": "litigation"})
    assert (told["state"], told["holds"][0]["owner"]) == ("held", "privacy_desk")
    _, told = await api.officer("DELETE", f"{path}/holds/{told['holds'][0]['hold']}")
    assert told["state"] == "verified"
    _, told = await api.officer("POST", f"{path}/extension", {"because": "many records"})
    assert told["extended"]
    body = {"word": "legal_claims", "because": "a claim", "categories": ["user.financial"]}
    _, told = await api.officer("POST", f"{path}/exceptions", body)
    assert told["exceptions"][0]["provision"] == "GDPR Art. 17(3)(e)"
    _, told = await api.officer("DELETE", f"{path}/exceptions/{told['exceptions'][0]['exception']}")
    assert told["exceptions"] == []
    _, told = await api.officer("POST", f"{path}/denial", {"why": "no_match", "because": "nobody of that name"})
    assert (told["state"], told["denied"]) == ("denied", "no_match")
    status, told = await api.officer("POST", f"{path}/denial", {"why": "other", "because": "again"})
    assert (status, told["detail"]) == (409, "a case that is denied cannot deny")


async def test_a_batch_is_agreed_to_by_its_hash(api: Api) -> None:
    """All cases of it at once, by whoever may agree to each."""
    case = await opened(api)
    api.desk.erasures.cases.keep(api.desk.erasures.cases.get(case).put(batch="batch-1"))
    await api.officer("POST", f"/v1/cases/{case}/plan", {})
    await api.settled(case)
    status, batch = await api.officer("GET", "/v1/batches/batch-1")
    assert (status, batch["cases"], batch["to_confirm"]) == (200, [case], 1)
    path = "/v1/batches/batch-1/confirmations"
    assert (await api.asks("helpdesk", "POST", path, {"hash": batch["short"]}))[0] == 403
    assert (await api.officer("POST", path, {"hash": "0" * 12}))[0] == 409
    status, told = await api.officer("POST", path, {"hash": batch["short"]})
    assert (status, told["cases"][0]["state"], told["refused"]) == (200, "ready", [])
    assert (await api.officer("GET", "/v1/batches/batch-2"))[0] == 409


async def test_the_list_of_who_would_have_come_back(api: Api) -> None:
    """Read and cleared by whoever decides; a basis lets the person in and clears it, too."""
    case = await opened(api)
    api.desk.erasures.returns.note(case, "hubspot", 7)
    assert (await api.asks("helpdesk", "GET", "/v1/returns"))[0] == 403
    _, told = await api.officer("GET", "/v1/returns")
    assert [(one["case"], one["count"]) for one in told["returns"]] == [(case, 1)]
    assert (await api.officer("DELETE", f"/v1/returns/{case}")) == (200, {"returns": []})
    assert (await api.officer("DELETE", f"/v1/returns/{case}"))[0] == 404
    api.desk.erasures.returns.note(case, "hubspot", 8)
    cases = api.desk.erasures.cases
    cases.keep(cases.get(case).put(erased=1))
    assert (await api.officer("POST", f"/v1/cases/{case}/permission", {"basis": "contract"}))[0] == 200
    assert (await api.officer("GET", "/v1/returns")) == (200, {"returns": []})


WRONG = [
    # body, media type, status, what is said
    (b"{", "application/json", 400, "one JSON object"),
    (b'{"values": [], "values": []}', "application/json", 400, "no name twice"),
    (b"[]", "application/json", 400, "one JSON object"),
    (b"{}", "text/plain", 415, "application/json"),
    (b'{"law": "lex"}', "application/json", 422, "law: "),
    (b'{"secret-thing": 1}', "application/json", 422, "the object: a member that is not known here"),
    (b'{"values": [{"kind": "email", "value": 7}]}', "application/json", 422, "values.0.value: "),
    (b'{"values": [{"kind": "name", "value": "canary"}]}', "application/json", 422, "values.0.kind: "),
    (b'{"ground": "objection"}', "application/json", 409, "name a record"),
    (
        b'{"ground": "objektion", "records": ["hubspot/contacts/1"]}',
        "application/json",
        409,
        "it has: no_longer",
    ),
    (b'{"ground": "objection", "records": ["nowhere/contacts/1"]}', "application/json", 409, "the lanes are"),
]


async def test_what_is_wrong_is_told_without_what_was_sent(api: Api) -> None:
    """The place and what is wanted there; never a value, nor a name that is not ours."""
    for body, media, status, said in WRONG:
        code, told = await api.asks("helpdesk", "POST", "/v1/cases", body, content_type=media)
        assert (code, said in told["detail"]) == (status, True), (body, told)
        assert "canary" not in told["detail"]
        assert "secret" not in told["detail"]
    assert list(api.desk.erasures.cases.ids()) == []


async def test_what_is_not_in_the_table_is_refused(api: Api) -> None:
    """Paths, methods, parameters and bodies."""
    assert (await api.officer("GET", "/v1/nothing"))[0] == 404
    answer = await api.raw("PUT", "/v1/cases")
    assert (answer.status, answer.fields) == (405, (("Allow", "GET, POST"),))
    for query in ("limit=0", "limit=2&limit=3", "more=1", "%zz"):
        assert (await api.officer("GET", f"/v1/cases?{query}"))[0] == 400
    assert (await api.officer("GET", "/v1/cases", {}))[0] == 400
    assert (await api.officer("GET", "/v1/cases/..%2f..%2f"))[0] == 404


async def test_a_caller_who_asks_too_often_waits(api: Api) -> None:
    """Each for themselves; and whoever has no good credential sooner."""
    api.settings["requests_per_second"] = 0.01
    api.again()
    statuses = [(await api.asks("helpdesk", "GET", "/v1/cases"))[0] for _ in range(3)]
    assert statuses == [200, 429, 429]
    assert (await api.officer("GET", "/v1/cases"))[0] == 200
    api.settings["requests_per_second"] = SETTINGS["requests_per_second"]
    api.again()
    statuses = [(await api.raw("GET", "/v1/cases", authorization="Bearer nothing")).status for _ in range(14)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert (await api.officer("GET", "/v1/cases"))[0] == 200  # from the same address, with a good credential


async def test_what_fails_is_not_shown(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours says nothing of what was sent, in the answer or in the log."""

    async def broken(asked, **more):
        raise ValueError(str(asked))

    monkeypatch.setattr(api.desk.erasures, "do", broken)
    with caplog.at_level(logging.DEBUG):
        status, told = await api.asks("helpdesk", "POST", "/v1/cases", OPENING)
    assert (status, AOIFE in str(told), AOIFE in caplog.text) == (500, False, False)
    assert "ValueError" in caplog.text


async def test_answers_are_counted_by_operation(api: Api) -> None:
    """And by status; no label is anything that a client can choose."""
    await opened(api)
    await api.officer("GET", "/v1/some-path")
    text = api.desk.harness.app.metrics.text().decode()
    assert 'lychgate_erasure_api_answers_total{operation="openCase",status="201"} 1.0' in text
    assert 'lychgate_erasure_api_answers_total{operation="none",status="404"} 1.0' in text
    assert "some-path" not in text


@pytest.mark.parametrize("error", [LedgerError, StoreError])
async def test_an_acknowledgement_that_cannot_be_kept_is_sent_again(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """A recipient that hears 404 would take the case for none of its own, and never ask again."""
    case = await opened(api)

    async def fails(asked: object) -> None:
        raise error("x")

    monkeypatch.setitem(api.desk.erasures._verbs, "told", fails)
    assert (await api.asks("mailer", "POST", f"/v1/cases/{case}/acknowledgements", {}))[0] == 503
