"""Webhooks of Fides: what it sends, and what it reads of the answer."""

from typing import Any

from tests.api.conftest import Api
from tests.erase.conftest import AOIFE

BODY: dict[str, Any] = {
    "privacy_request_id": "pri_1", "privacy_request_status": "in_processing", "direction": "two_way",
    "callback_type": "pre", "identity": {"email": AOIFE, "phone_number": None, "ga_client_id": "x"},
    "policy_action": "erasure", "privacy_request": {"id": "pri_1"}, "timestamp": "2026-05-01T10:00:00Z",
}  # fmt: skip
REPLY = {"reply_to": "/privacy-request/pri_1/resume", "reply_to_token": "a.b.c"}


async def sent(api: Api, **changes: Any) -> tuple[int, Any]:
    """Send the webhook as the client that Fides is registered as."""
    return await api.asks("helpdesk", "POST", "/fides/webhook", BODY | changes, **REPLY)


async def test_a_request_waits_there_until_the_person_is_erased_here(api: Api) -> None:
    """It is one case however often it is sent; when it is done, it is not halted any more."""
    assert await sent(api) == (200, {"derived_identity": None, "halt": True})
    assert (await sent(api))[1]["halt"] is True
    (case,) = api.desk.erasures.cases.ids()
    kept = api.desk.erasures.cases.get(case)
    assert (kept.origin.shape, kept.origin.request) == ("fides", "pre:pri_1")
    assert (kept.origin.reply, kept.origin.token) == ("/privacy-request/pri_1/resume", "a.b.c")
    assert (kept.ground, kept.identity, kept.source) == ("objection", "account", "request")
    plan = await api.desk.does("plan", case)
    key = api.desk.harness.installation.keys["privacy_desk"]
    await api.desk.does("confirm", cases=[case], typed=[plan["short"]], key=key, purpose="subject_request")
    await api.desk.does("run", case)
    assert (await sent(api))[1]["halt"] is False


async def test_what_is_not_about_erasing_goes_on(api: Api) -> None:
    """No case is opened for it."""
    for changes in ({"policy_action": "access"}, {"callback_type": "post"}, {"policy_action": None}):
        assert (await sent(api, **changes))[1]["halt"] is False
    assert list(api.desk.erasures.cases.ids()) == []


async def test_whoever_is_not_named_is_not_looked_for(api: Api) -> None:
    """And a place to call back is a path on the server that is configured, nothing else."""
    assert (await sent(api, identity={"ga_client_id": "x"}))[0] == 422
    for path in (
        "https://evil.example/x", "//evil.example/x", "x", "/x @evil.example/x", "/x .evil.example/x",
        "/x/../../admin", "/x/%2e%2e/admin", "/x?y=z", "/x#y", "/x\\y", "/\xe9",
    ):  # fmt: skip
        for name in ("reply_to", "reply_to_not_eligible"):
            fields = REPLY | {name: path}
            assert (await api.asks("helpdesk", "POST", "/fides/webhook", BODY, **fields))[0] == 422, path
    assert list(api.desk.erasures.cases.ids()) == []


async def test_yes_is_not_said_where_no_is_heard(api: Api) -> None:
    """Before approval both paths are needed; before execution the one to go on."""
    no = {"reply_to_not_eligible": "/no", "reply_to_token": "a.b.c"}
    for kind, fields in (("pre_approval", no), ("pre", no), ("pre_approval", {"reply_to_eligible": "/yes"})):
        told = await api.asks("helpdesk", "POST", "/fides/webhook", BODY | {"callback_type": kind}, **fields)
        assert told[0] == 422, (kind, fields)
    assert list(api.desk.erasures.cases.ids()) == []


async def test_without_fides_in_the_configuration_there_is_none(api: Api) -> None:
    """As for everything that nobody has configured."""
    api.settings["fides"] = None
    api.again()
    assert (await sent(api))[0] == 404
