"""The Data Rights Protocol 1.0, as a covered business answers it: authorized agents bring requests of people.

Every message is JSON with an Ed25519 signature in front of it, in base64 (3.07.1); it is checked in the order
that the protocol gives (3.07). An agent's pair-wise key (2.05) is made from its name and its verification key
under a key of ours: nothing is stored, and it ends when the configuration has another verification key, or not
the agent.

Only `deletion` can be asked for. What an agent has verified of the person is looked for, and what it has not is
left alone; if it has verified nothing the case waits until somebody knows who asks. A message that is sent twice
is the same case. It is revoked until its first erasing step, and not again afterwards.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from proxy.api.shapes_foreign import (
    DrpNothing,
    DrpRequest,
    DrpRevoke,
    DrpSetup,
    DrpStatus,
    DrpToken,
)
from proxy.api.words import Amiss, Answer, Call, Given, Route, said
from proxy.config import Drp
from proxy.crypto.signed import NotSigned, opened
from proxy.erasure import Case, Origin, State
from proxy.erasure.foreign import below, drp_status, parsed_time
from proxy.erasure.law import LAWS
from proxy.errors import LychgateError
from proxy.identity.strictjson import read_object

SKEW: Final = 30
"""Seconds by which an agent's clock may be ahead of ours."""
LONGEST: Final = 86_400
"""Seconds for which a message may be good; the protocol recommends ten minutes."""
ONE: Final = "/drp/v1/data-rights-request/{request_id}"
AGENT: Final = "/drp/v1/agent/{agent_id}"


async def _exercise(given: Given, call: Call) -> Answer:
    drp = settings(given)
    body = _opened(given, call, DrpRequest)
    _refuse_others(drp, given, body, call.caller.agent)
    if body.exercise != "deletion":
        raise Amiss(400, "Unsupported rights actions submitted: only deletion is.", fatal=True)
    law = body.regime or None
    if law is not None and law not in LAWS:
        raise Amiss(400, "The regime is none that is known here.", fatal=True)
    verified = _verified(body)
    ground = "request" if law == "ccpa" else given.settings.ground
    told = await given.erasures.do({
        "do": "open", "values": verified or _claimed(body), "law": law, "ground": ground,
        "identity": "representative" if verified else "", "by": call.caller.id, "source": "request",
        "origin": _origin(drp, body, call),
    })  # fmt: skip
    return _status(given, given.erasures.cases.get(told["case"]))


async def _show(given: Given, call: Call) -> Answer:
    return _status(given, _own(given, call))


async def _revoke(given: Given, call: Call) -> Answer:
    """Revoke what nothing is erased of yet; what was revoked before is so, and anything else is too late."""
    body = _opened(given, call, DrpRevoke)
    case = _own(given, call)
    _refuse_other_revokes(given, body, call)
    if case.state is not State.REVOKED:
        because = body.reason or "the agent revoked it"
        await given.erasures.do({"do": "revoke", "case": case.id, "because": because})
    return _status(given, given.erasures.cases.get(case.id))


def _refuse_other_revokes(given: Given, body: DrpRevoke, call: Call) -> None:
    """Return if a message revokes this request, now, as far as it says what and when."""
    if body.request_id is not None and body.request_id != call.names["request_id"]:
        raise Amiss(403, "The message is about another request.", fatal=True)
    if body.bound:
        if body.reason is None:  # without one it may be the Setup of a key, which others may have seen
            raise Amiss(400, "A message that revokes and says its time says its reason, too.", fatal=True)
        _refuse_others(settings(given), given, body, call.caller.agent)


async def _setup(given: Given, call: Call) -> Answer:
    """Give an agent its key. Whatever is wrong is 403 without a body (2.05.1)."""
    drp, name = settings(given), call.names["agent_id"]
    try:
        if name not in drp.agents:
            raise Amiss(403, "no such agent")
        body = _opened_by(drp, name, call.request.body, DrpSetup)
        _refuse_others(drp, given, body, name)
        if not given.erasures.once("drp", name, body.issued_at, body.expires_at):
            raise Amiss(403, "The message came before.")
    except Amiss:
        return Answer(403)
    return said({"agent-id": name, "token": given.token(name, drp.agents[name].verify_key)})


async def _agent(given: Given, call: Call) -> Answer:
    del given
    if call.names["agent_id"] != call.caller.agent:
        raise Amiss(403, "The token is another agent's.")
    return said({})


def settings(given: Given) -> Drp:
    """Return what is configured.

    Raises:
        Amiss: nothing is.
    """
    if given.settings.drp is None:
        raise Amiss(404, "The Data Rights Protocol is not configured here.")
    return given.settings.drp


def agent_of(given: Given, authorization: str | None) -> str | None:
    """Return whose pair-wise key stands in a header field; None for nobody's."""
    scheme, _, shown = (authorization or "").partition(" ")
    found = None
    for name, agent in (given.settings.drp.agents if given.settings.drp is not None else {}).items():
        if hmac.compare_digest(given.token(name, agent.verify_key).encode(), shown.strip().encode()):
            found = name
    return found if scheme.lower() == "bearer" else None


def _opened[M: BaseModel](given: Given, call: Call, model: type[M]) -> M:
    return _opened_by(settings(given), call.caller.agent, call.request.body, model)


def _opened_by[M: BaseModel](drp: Drp, agent: str, body: bytes, model: type[M]) -> M:
    """Return what an agent signed: decoded, then verified, then read, in this order (3.07)."""
    try:
        message = base64.b64decode(body.strip(), validate=True)
    except binascii.Error:
        raise Amiss(400, "The request is not base64.") from None
    try:
        text = opened(message, base64.b64decode(drp.agents[agent].verify_key))
    except NotSigned:
        raise Amiss(403, "The signature is not the agent's.") from None
    try:
        read_object(text)
        return model.model_validate_json(text)
    except ValidationError as error:
        at = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Amiss(400, f"The message cannot be read: {at}", fatal=True) from None
    except ValueError:
        raise Amiss(400, "The message is not one JSON object.", fatal=True) from None


def _refuse_others(drp: Drp, given: Given, body: DrpRequest | DrpSetup | DrpRevoke, agent: str) -> None:
    """Return if the message is this agent's, is for us, and is good now (3.07).

    Raises:
        Amiss: see there.
    """
    now = datetime.fromtimestamp(given.now(), UTC)
    issued, expires = parsed_time(body.issued_at), parsed_time(body.expires_at)
    if body.agent_id != agent:
        raise Amiss(403, "The message is another agent's.", fatal=True)
    if body.business_id != drp.business:
        raise Amiss(403, "The message is for another business.", fatal=True)
    if issued is None or expires is None:
        raise Amiss(400, "issued-at and expires-at are ISO 8601 with an offset.", fatal=True)
    if (issued - now).total_seconds() > SKEW:
        raise Amiss(400, "The message was issued after now.", fatal=True)
    if now >= expires or (expires - issued).total_seconds() > LONGEST:
        raise Amiss(400, "The message has expired, or is good for more than a day.", fatal=True)


def _verified(body: DrpRequest) -> list[tuple[str, str]]:
    mail = [("email", body.email)] if body.email and body.email_verified else []
    return mail + ([("phone", body.phone_number)] if body.phone_number and body.phone_number_verified else [])


def _claimed(body: DrpRequest) -> list[tuple[str, str]]:
    found = [(kind, value) for kind, value in (("email", body.email), ("phone", body.phone_number)) if value]
    if not found:
        raise Amiss(400, "There is no email and no phone_number to look for.", fatal=True)
    return found


def _origin(drp: Drp, body: DrpRequest, call: Call) -> Origin:
    reply, allowed = body.status_callback or "", drp.agents[call.caller.agent].callback
    if reply and (allowed is None or not below(allowed, reply)):
        raise Amiss(400, "status_callback lies outside what is agreed with this agent.", fatal=True)
    message = base64.b64decode(call.request.body.strip())  # which base64 can write in more than one way
    request = body.agent_request_id or f"sha256:{hashlib.sha256(message).hexdigest()}"
    return Origin("drp", call.caller.id, request, reply)


def _own(given: Given, call: Call) -> Case:
    """Return the case that is asked for, if the agent brought it (2.02.1: otherwise 403)."""
    try:
        case = given.erasures.cases.get(call.names["request_id"])
    except LychgateError:
        raise Amiss(403, "The request is not this agent's.") from None
    if case.by != call.caller.id:
        raise Amiss(403, "The request is not this agent's.")
    return case


def _status(given: Given, case: Case) -> Answer:
    told: dict[str, Any] = drp_status(case, verification_url=settings(given).verification_url or "")
    return said(told)


ROUTES: Final = (
    Route(
        "POST", "/drp/v1/data-rights-request", "drpExercise", "Data Rights Exercise (DRP 1.0, 2.01).", "agent",
        _exercise, DrpStatus, takes=DrpRequest, signed=True,
    ),
    Route("GET", ONE, "drpStatus", "Data Rights Status (DRP 1.0, 2.02).", "agent", _show, DrpStatus),
    Route(
        "DELETE", ONE, "drpRevoke", "Data Rights Revoke (DRP 1.0, 2.04).", "agent", _revoke, DrpStatus,
        takes=DrpRevoke, signed=True,
    ),
    Route(
        "POST", AGENT, "drpSetup", "Pair-wise Key Setup (DRP 1.0, 2.05); 403 without a body if it fails.",
        "anybody", _setup, DrpToken, takes=DrpSetup, signed=True, also={403: None},
    ),
    Route("GET", AGENT, "drpAgent", "Agent Information (DRP 1.0, 2.06).", "agent", _agent, DrpNothing),
)  # fmt: skip
