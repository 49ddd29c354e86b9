"""The Data Rights Protocol 1.0: signed messages, in its order of checks; states and errors in its words."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proxy.erasure import State
from tests.api.conftest import AGENT, STRANGER, Api
from tests.erase.conftest import AOIFE

EXERCISE = "/drp/v1/data-rights-request"


def signed(tree: object, key: Ed25519PrivateKey = AGENT) -> bytes:
    """Return a message in libsodium's combined mode, in base64."""
    text = json.dumps(tree).encode()
    return base64.b64encode(key.sign(text) + text)


def message(**changes: Any) -> dict[str, Any]:
    """Return a request as an agent makes it."""
    now = datetime.now(UTC)
    made = {
        "agent-id": "AGENT", "business-id": "ACME", "issued-at": now.isoformat(),
        "expires-at": (now + timedelta(minutes=10)).isoformat(), "agent-request-id": "a-1", "drp.version": "1.0",
        "exercise": "deletion", "regime": "ccpa", "name": "Aoife Byrne", "email": AOIFE, "email_verified": True,
        "phone_number": "+15550100", "phone_number_verified": False,
    }  # fmt: skip
    return {name: value for name, value in (made | changes).items() if value is not None}


async def token(api: Api, agent: str = "AGENT", key: Ed25519PrivateKey = AGENT) -> str:
    """Return the agent's pair-wise key."""
    setup = message(**{"agent-id": agent, "agent-request-id": None, "exercise": None})
    answer = await api.raw("POST", f"/drp/v1/agent/{agent}", signed(setup, key))
    assert answer.status == 200
    told = json.loads(answer.body)
    assert told["agent-id"] == agent
    return told["token"]


async def exercised(api: Api, body: bytes, shown: str | None = None) -> tuple[int, Any]:
    """Send an Exercise request."""
    answer = await api.raw(
        "POST", EXERCISE, body, content_type="text/plain", authorization=f"Bearer {shown or await token(api)}"
    )
    return answer.status, json.loads(answer.body)


async def test_a_request_becomes_a_case_once(api: Api) -> None:
    """With what the agent has verified; sent again it is the same one; the law is the regime's."""
    status, told = await exercised(api, signed(message()))
    assert (status, told["status"], told["agent_request_id"]) == (200, "in_progress", "a-1")
    assert told["expected_by"] > told["received_at"]
    case = api.desk.erasures.cases.get(told["request_id"])
    assert [(one.kind, one.value) for one in case.values] == [("email", AOIFE)]
    assert (case.law, case.ground, case.identity, case.state) == (
        "ccpa",
        "request",
        "representative",
        State.VERIFIED,
    )
    assert (await exercised(api, signed(message())))[1]["request_id"] == told["request_id"]
    shown = await token(api)
    for name, path in (("same", told["request_id"]), ("other", "0190aaaa0190aaaa")):
        answer = await api.raw("GET", f"{EXERCISE}/{path}", authorization=f"Bearer {shown}")
        assert answer.status == (200 if name == "same" else 403)
    other = await token(api, "OTHER", STRANGER)
    assert (await api.raw("GET", f"{EXERCISE}/{case.id}", authorization=f"Bearer {other}")).status == 403


async def test_who_has_verified_nothing_waits(api: Api) -> None:
    """For somebody to know who asks; and is sent where that can be shown."""
    _, told = await exercised(api, signed(message(email_verified=False, regime=None)))
    assert (told["reason"], told["user_verification_url"]) == (
        "need_user_verification",
        "https://acme.example/prove",
    )
    case = api.desk.erasures.cases.get(told["request_id"])
    assert (case.state, case.law, len(case.values)) == (State.IDENTITY_PENDING, "gdpr", 2)


async def test_an_agent_revokes_what_it_asked_for(api: Api) -> None:
    """In a signed message; afterwards the state is `revoked`."""
    _, told = await exercised(api, signed(message()))
    path, shown = f"{EXERCISE}/{told['request_id']}", await token(api)
    answer = await api.raw("DELETE", path, signed({"reason": "no"}, STRANGER), authorization=f"Bearer {shown}")
    assert answer.status == 403
    answer = await api.raw("DELETE", path, signed({"reason": "I want it back"}), authorization=f"Bearer {shown}")
    assert (answer.status, json.loads(answer.body)["status"]) == (200, "revoked")
    kept = api.desk.erasures.cases.get(told["request_id"])
    answer = await api.raw("DELETE", path, signed({}), authorization=f"Bearer {shown}")  # the answer was lost
    assert (answer.status, json.loads(answer.body)["status"]) == (200, "revoked")
    assert api.desk.erasures.cases.get(told["request_id"]) == kept


def revokes(request: str) -> list[tuple[dict[str, Any], int, str]]:
    """Return messages that revoke: what is sent, status, what is said."""
    now = datetime.now(UTC)
    bound = {name: text for name, text in message().items() if name in BOUND} | {"reason": "I want it back"}
    return [
        # a member that is there has to be right, and none of the four comes alone; a Setup has no reason
        (bound | {"agent-id": "OTHER"}, 403, "another agent's"),
        (bound | {"business-id": "OTHER"}, 403, "another business"),
        (bound | {"issued-at": (now + timedelta(days=9)).isoformat()}, 400, "after now"),
        (bound | {"expires-at": now.isoformat()}, 400, "expired"),
        (bound | {"expires-at": None}, 400, "offset"),
        ({"reason": "no", "expires-at": bound["expires-at"]}, 403, "another agent's"),
        (
            {name: text for name, text in bound.items() if name != "reason"},
            400,
            "reason",
        ),
        ({"reason": "no", "request_id": "0190aaaa0190aaaa"}, 403, "another request"),
        (bound | {"request_id": request}, 200, ""),
    ]


BOUND = {"agent-id", "business-id", "issued-at", "expires-at"}


async def test_a_revoke_is_held_to_what_it_says(api: Api) -> None:
    """Whose it is, for whom, of what, until when (3.07): what was seen once is no good later or elsewhere."""
    _, told = await exercised(api, signed(message()))
    request, shown = told["request_id"], await token(api)
    for tree, status, said in revokes(request):
        answer = await api.raw("DELETE", f"{EXERCISE}/{request}", signed(tree), authorization=f"Bearer {shown}")
        assert (answer.status, said in answer.body.decode()) == (status, True), (tree, answer.body)
        state = State.REVOKED if status == 200 else State.VERIFIED
        assert api.desk.erasures.cases.get(request).state is state


async def test_what_is_being_erased_is_not_revoked(api: Api) -> None:
    """From the first erasing step on it only goes forward, and the state stays what it is."""
    _, told = await exercised(api, signed(message()))
    request, shown = told["request_id"], await token(api)
    cases = api.desk.erasures.cases
    for state in (State.ERASING, State.VERIFYING, State.LIVE_COMPLETE, State.FINAL, State.DENIED):
        cases.keep(cases.get(request).put(state=state))
        answer = await api.raw(
            "DELETE", f"{EXERCISE}/{request}", signed({"reason": "no"}), authorization=f"Bearer {shown}"
        )
        assert answer.status == 409
        assert cases.get(request).state is state


def refused() -> list[tuple[bytes, int, bool, str]]:
    """Return messages that are wrong now: body, status, whether it is fatal, and what is said."""
    now = datetime.now(UTC)
    return [
        # what is sent, status, fatal, what is said
        (b"not base64!", 400, False, "base64"),
        (base64.b64encode(b"short"), 403, False, "signature"),
        (signed(message(), STRANGER), 403, False, "signature"),
        (signed([]), 400, True, "one JSON object"),
        (signed(message(email=7)), 400, True, "cannot be read: email"),
        (signed(message(**{"agent-id": "OTHER"})), 403, True, "another agent's"),
        (signed(message(**{"business-id": "OTHER"})), 403, True, "another business"),
        (signed(message(**{"issued-at": (now + timedelta(days=9)).isoformat()})), 400, True, "after now"),
        (signed(message(**{"expires-at": now.isoformat()})), 400, True, "expired"),
        (signed(message(**{"expires-at": (now + timedelta(days=9)).isoformat()})), 400, True, "more than a day"),
        (signed(message(**{"issued-at": "2026-05-01T10:00:00"})), 400, True, "offset"),
        (signed(message(exercise="access")), 400, True, "only deletion"),
        (signed(message(regime="lex")), 400, True, "regime"),
        (signed(message(email=None, phone_number=None)), 400, True, "no email"),
        (signed(message(status_callback="https://evil.example/")), 400, True, "status_callback"),
        (signed(message(status_callback="http://127.0.0.1:9/agentevil")), 400, True, "status_callback"),
        (signed(message(status_callback="http://127.0.0.1:9/agent/../admin")), 400, True, "status_callback"),
        (signed(message(status_callback="http://127.0.0.1:9/agent/%2e%2e/admin")), 400, True, "status_callback"),
        (signed(message(status_callback="http://127.0.0.1:9/agent/x\r\nhost: y")), 400, True, "status_callback"),
    ]


async def test_what_is_not_as_the_protocol_has_it_is_refused(api: Api) -> None:
    """In the shape of its error states, without a value; `fatal` where sending it again will not help."""
    shown = await token(api)
    for body, status, fatal, said in refused():
        code, told = await exercised(api, body, shown)
        assert (code, told["code"], told.get("fatal", False)) == (status, str(status), fatal), (said, told)
        assert said in told["message"]
        assert AOIFE not in told["message"]
    assert list(api.desk.erasures.cases.ids()) == []


async def test_a_key_is_given_to_the_agent_alone(api: Api) -> None:
    """Whatever is wrong with a setup is 403 without a body; a key of another verification key is none."""
    setup = message(**{"agent-request-id": None, "exercise": None})
    for path, body in (
        ("AGENT", signed(setup, STRANGER)), ("OTHER", signed(setup)), ("NOBODY", signed(setup)), ("AGENT", b"x"),
        ("AGENT", signed(setup | {"business-id": "OTHER"})),
    ):  # fmt: skip
        answer = await api.raw("POST", f"/drp/v1/agent/{path}", body)
        assert (answer.status, answer.body) == (403, b"")
    shown = await token(api)
    assert (await api.raw("GET", "/drp/v1/agent/AGENT", authorization=f"Bearer {shown}")).status == 200
    assert (await api.raw("GET", "/drp/v1/agent/OTHER", authorization=f"Bearer {shown}")).status == 403
    for wrong in (f"Basic {shown}", "Bearer x", "", f"Bearer {shown}x"):
        assert (await api.raw("GET", "/drp/v1/agent/AGENT", authorization=wrong)).status == 401
    agents = api.settings["drp"]["agents"]
    changed = {"AGENT": agents["AGENT"] | {"verify_key": agents["OTHER"]["verify_key"]}}
    api.settings["drp"] = api.settings["drp"] | {"agents": changed}
    api.again()
    assert (await api.raw("GET", "/drp/v1/agent/AGENT", authorization=f"Bearer {shown}")).status == 401


async def test_a_setup_counts_once(api: Api) -> None:
    """Whoever has seen it gets no key with it."""
    setup = signed(message(**{"agent-request-id": None, "exercise": None}))
    assert [(await api.raw("POST", "/drp/v1/agent/AGENT", setup)).status for _ in range(2)] == [200, 403]


async def test_a_message_of_one_kind_is_none_of_another(api: Api) -> None:
    """Whoever has seen a request gets no key with it, and revokes nothing."""
    assert (await api.raw("POST", "/drp/v1/agent/AGENT", signed(message()))).status == 403
    _, told = await exercised(api, signed(message()))
    shown = await token(api)
    path = f"{EXERCISE}/{told['request_id']}"
    answer = await api.raw("DELETE", path, signed(message()), authorization=f"Bearer {shown}")
    assert answer.status == 400
    assert api.desk.erasures.cases.get(told["request_id"]).state is State.VERIFIED


async def test_a_message_written_otherwise_is_the_same_case(api: Api) -> None:
    """Base64 can write the same bytes in several ways; without a name of its own a message is its text."""
    text = message(**{"agent-request-id": None})
    while not (body := signed(text)).endswith(b"=="):
        text["name"] += "x"
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = body[:-3] + letters[letters.index(body[-3]) + 1 :][:1] + b"=="
    assert base64.b64decode(other) == base64.b64decode(body)
    first = (await exercised(api, body))[1]
    assert (await exercised(api, other))[1]["request_id"] == first["request_id"]


async def test_without_it_in_the_configuration_there_is_none(api: Api) -> None:
    """Neither agents nor requests."""
    api.settings["drp"] = None
    api.again()
    answer = await api.raw("POST", EXERCISE, signed(message()), authorization="Bearer x")
    assert answer.status == 404
