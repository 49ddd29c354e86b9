"""What can be asked: one table, and a few lines for each row. Everything about a case is `Erasures.do`'s."""

import base64
from collections.abc import Mapping
from typing import Any, Final

from proxy.api import drp, fides
from proxy.api.shapes import (
    Accepting,
    Acknowledged,
    Acknowledging,
    Allowed,
    Allowing,
    BatchAgreed,
    BatchTold,
    Because,
    CaseInShort,
    CaseList,
    CaseWhole,
    Confirming,
    Denying,
    Excepting,
    Holding,
    Opening,
    Planning,
    Returns,
    Running,
)
from proxy.api.words import Amiss, Answer, Call, Given, Route, said
from proxy.erasure import NoSuchCase, Origin
from proxy.erasure.cases import no_case
from proxy.erasure.foreign import WRITTEN
from proxy.errors import LedgerError, LychgateError, StoreError

CASE: Final = "/v1/cases/{case}"
MOST: Final = 100
"""Cases in one answer."""
OURS: Final = frozenset(CaseInShort.model_fields)


async def _openapi(given: Given, call: Call) -> Answer:
    del given, call
    raise Amiss(404, "The desk has the document.")


async def _open(given: Given, call: Call) -> Answer:
    body: Opening = call.body
    told = await given.erasures.do({
        "do": "open", "records": body.records, "values": [(one.kind, one.value) for one in body.values],
        "law": body.law, "ground": body.ground, "identity": body.identity, "by": call.caller.id,
        "principal": call.caller.principal, "source": "request",
        "origin": _origin(given, call, body.reference or ""),
    })  # fmt: skip
    return said(_short(told), 201, ("Location", f"/v1/cases/{told['case']}"))


def _origin(given: Given, call: Call, reference: str) -> Origin | None:
    """Return what a request is called where it comes from, and who there is told; None if neither is said."""
    client = call.caller.principal.client if call.caller.principal is not None else ""
    reply = f"{WRITTEN}{client}" if client in given.settings.mail else ""
    return Origin("api", call.caller.id, reference, reply) if reference or reply else None


async def _list(given: Given, call: Call) -> Answer:
    limit = min(MOST, int(call.query.get("limit", MOST)))
    asked: dict[str, Any] = {"do": "list", "limit": limit, "after": call.query.get("after", "")}
    if not call.caller.administers:
        asked["by"] = call.caller.id
    return said(await given.erasures.do(asked))


async def _show(given: Given, call: Call) -> Answer:
    told = await given.erasures.do({"do": "show", "case": own(given, call)})
    return said(told if call.caller.administers else _short(told))


async def _plan(given: Given, call: Call) -> Answer:
    return await _moved(given, call, {"do": "plan", "identity": call.body.identity})


async def _run(given: Given, call: Call) -> Answer:
    return await _moved(given, call, {"do": "retry" if call.body.again else "run"})


async def _moved(given: Given, call: Call, asked: Mapping[str, Any]) -> Answer:
    told = await given.erasures.do({**asked, "case": call.names["case"]})
    return said(told, 202 if told["busy"] else 200)


async def _confirm(given: Given, call: Call) -> Answer:
    asked = {"do": "confirm", "cases": [call.names["case"]], "typed": [call.body.hash]}
    told = await given.erasures.do(asked, shown=call.request)
    return said(told["cases"][0])


async def _accept(given: Given, call: Call) -> Answer:
    asked = {"do": "accept", "case": call.names["case"], "because": call.body.because, "typed": call.body.hash}
    return said(await given.erasures.do(asked, shown=call.request))


async def _revoke(given: Given, call: Call) -> Answer:
    asked = {"do": "revoke", "case": own(given, call), "because": call.body.because}
    return said(_short(await given.erasures.do(asked)))


async def _deny(given: Given, call: Call) -> Answer:
    return await _done(given, call, {"do": "deny", "why": call.body.why, "because": call.body.because})


async def _extend(given: Given, call: Call) -> Answer:
    return await _done(given, call, {"do": "extend", "because": call.body.because})


async def _hold(given: Given, call: Call) -> Answer:
    return await _done(given, call, {"do": "hold", **_standing(call)})


async def _unhold(given: Given, call: Call) -> Answer:
    return await _done(given, call, {"do": "unhold", "hold": call.names["hold"]})


async def _except(given: Given, call: Call) -> Answer:
    return await _done(given, call, {"do": "except", "word": call.body.word, **_standing(call)})


async def _unexcept(given: Given, call: Call) -> Answer:
    return await _done(given, call, {"do": "unexcept", "exception": call.names["exception"]})


async def _acknowledge(given: Given, call: Call) -> Answer:
    principal = call.caller.principal
    assert principal is not None
    recipient = call.body.recipient or principal.recipient.name
    if recipient != principal.recipient.name and not call.caller.administers:
        raise Amiss(403, "a client acknowledges for the recipient for whom it acts, and for no other")
    case = call.names["case"]
    try:
        asked = {"do": "told", "case": case, "recipient": recipient, "note": call.body.note}
        told = await given.erasures.do(asked)
    except (NoSuchCase, LedgerError, StoreError):
        raise
    except LychgateError:
        if call.caller.administers:
            raise
        raise no_case(case) from None  # whoever got nothing of the person does not hear of the case
    (one,) = (each for each in told["recipients"] if each["recipient"] == recipient)
    return said({"case": case, "recipient": recipient, "acknowledged": one["acknowledged"]})


async def _allow(given: Given, call: Call) -> Answer:
    asked = {"do": "allow", "case": call.names["case"], "basis": call.body.basis}
    return said(await given.erasures.do(asked))


async def _batch(given: Given, call: Call) -> Answer:
    return said(await given.erasures.do({"do": "batch", "batch": call.names["batch"]}))


async def _confirm_batch(given: Given, call: Call) -> Answer:
    asked = {"do": "confirm", "batch": call.names["batch"], "typed": [call.body.hash]}
    return said(await given.erasures.do(asked, shown=call.request))


async def _returns(given: Given, call: Call) -> Answer:
    return said(await given.erasures.do({"do": "returns", "dismiss": call.names.get("case", "")}))


async def _certificate(given: Given, call: Call) -> Answer:
    asked = {"do": "certificate", "case": own(given, call), "edition": call.query.get("edition", "")}
    told = await given.erasures.do(asked)
    accepts = [each.partition(";")[0].strip() for each in (call.request.headers.one("accept") or "").split(",")]
    media = next((each for each in accepts if each in _CERTIFICATES), "application/json")
    found = told[_CERTIFICATES[media]]
    return Answer(200, base64.b64decode(found) if media == "application/pdf" else found.encode(), media)


async def _done(given: Given, call: Call, asked: Mapping[str, Any]) -> Answer:
    return said(await given.erasures.do({**asked, "case": call.names["case"]}))


def _standing(call: Call) -> dict[str, Any]:
    """Return what a hold and an exception say: why, for what, and whose they are."""
    body: Holding = call.body
    owner = body.owner or (call.caller.principal.client if call.caller.principal is not None else "")
    return {"because": body.because, "owner": owner, "categories": body.categories}


def own(given: Given, call: Call) -> str:
    """Return the case that is asked for, if the caller may know of it.

    Raises:
        NoSuchCase: there is none, or it is somebody else's.
    """
    name = call.names["case"]
    given.erasures.cases.get(name)
    if not call.caller.administers and given.erasures.cases.get(name).by != call.caller.id:
        raise no_case(name)
    return name


def _short(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name in OURS}


_CERTIFICATES: Final = {"application/json": "json", "text/html": "html", "application/pdf": "pdf"}
ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/openapi.json", "openapi", "This document.", "anybody", _openapi, None),
    Route(
        "GET", "/v1/cases", "listCases", "List cases, oldest first: all of them, or a requester's own.",
        "requester", _list, CaseList, query={"after": r"[a-z0-9]{8,40}", "limit": r"[1-9][0-9]{0,2}"},
    ),
    Route(
        "POST", "/v1/cases", "openCase", "Open a case about the person behind some records or values.",
        "requester", _open, CaseInShort, 201, Opening,
    ),
    Route(
        "GET", CASE, "showCase", "Show how far a case is; whoever may agree to it is shown all of it.",
        "requester", _show, CaseWhole, also={200: CaseInShort},
    ),
    Route(
        "POST", f"{CASE}/plan", "planCase", "Look for everything of the person; nothing is touched.",
        "administrator", _plan, CaseWhole, 200, Planning, also={202: CaseWhole},
    ),
    Route(
        "POST", f"{CASE}/confirmations", "confirmCase",
        "Agree to the plan; where policy asks for two people the second does the same.",
        "administrator", _confirm, CaseInShort, 200, Confirming,
    ),
    Route(
        "POST", f"{CASE}/run", "runCase", "Carry out a case that was agreed to. 202: under way.",
        "administrator", _run, CaseWhole, 200, Running, also={202: CaseWhole},
    ),
    Route(
        "POST", f"{CASE}/acceptances", "acceptCase",
        "Agree to leave a case at what CRMs refuse; takes as many people as its plan did.",
        "administrator", _accept, CaseWhole, 200, Accepting,
    ),
    Route(
        "POST", f"{CASE}/revocation", "revokeCase", "Give a case up; possible until the first step that erases.",
        "requester", _revoke, CaseInShort, 200, Because,
    ),
    Route(
        "POST", f"{CASE}/denial", "denyCase", "Deny a case, with a reason that can stand in a letter.",
        "administrator", _deny, CaseWhole, 200, Denying,
    ),
    Route(
        "POST", f"{CASE}/extension", "extendCase", "Use the law's longer period, once (GDPR Art. 12(3)).",
        "administrator", _extend, CaseWhole, 200, Because,
    ),
    Route(
        "POST", f"{CASE}/holds", "holdCase", "Keep the person's data, or some categories of them: a legal hold.",
        "administrator", _hold, CaseWhole, 200, Holding,
    ),
    Route(
        "DELETE", f"{CASE}/holds/{{hold}}", "unholdCase", "Lift a hold.", "administrator", _unhold, CaseWhole,
    ),
    Route(
        "POST", f"{CASE}/exceptions", "exceptCase",
        "Apply an exception of the law (GDPR Art. 17(3)) to some categories, or deny the case.",
        "administrator", _except, CaseWhole, 200, Excepting,
    ),
    Route(
        "DELETE", f"{CASE}/exceptions/{{exception}}", "unexceptCase", "Take an exception back.",
        "administrator", _unexcept, CaseWhole,
    ),
    Route(
        "POST", f"{CASE}/acknowledgements", "acknowledge", "Note that a recipient was told (GDPR Art. 19).",
        "client", _acknowledge, Acknowledged, 200, Acknowledging,
    ),
    Route(
        "POST", f"{CASE}/permission", "allowAgain", "Let the person be stored again, on a new lawful basis.",
        "administrator", _allow, Allowed, 200, Allowing,
    ),
    Route(
        "GET", "/v1/batches/{batch}", "showBatch", "Show what the cases of one sweep come to together.",
        "administrator", _batch, BatchTold,
    ),
    Route(
        "POST", "/v1/batches/{batch}/confirmations", "confirmBatch",
        "Agree to all plans of a batch by its hash; more than a few cases take a quorum.",
        "administrator", _confirm_batch, BatchAgreed, 200, Confirming,
    ),
    Route(
        "GET", "/v1/returns", "listReturns", "List cases whose person would have been stored again.",
        "administrator", _returns, Returns,
    ),
    Route(
        "DELETE", "/v1/returns/{case}", "dismissReturn", "Take a case off that list.",
        "administrator", _returns, Returns,
    ),
    Route(
        "GET", f"{CASE}/certificate", "certificate",
        "Download the certificate: the signed file with its proof, or a page, as `Accept` says.",
        "requester", _certificate, None, query={"edition": "live-complete|final|(live|final)-incomplete"},
        media=tuple(_CERTIFICATES),
    ),
    *fides.ROUTES,
    *drp.ROUTES,
)  # fmt: skip
