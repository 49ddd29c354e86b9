"""Messages about erasures: signed, retried, acknowledged; nowhere but where the configuration says."""

import base64
import hashlib
import hmac
import json
import ssl
from pathlib import Path

import msgspec
import pytest
from pydantic import ValidationError
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from proxy.config import Erasure, ErasureApi, Told
from proxy.erasure import Origin
from proxy.errors import Problems, UpstreamFault
from proxy.messengers import Messengers
from tests.api.conftest import SETTINGS
from tests.desk import Desk, installed
from tests.erasure.test_notices import CASE, NOTICE
from tests.mailing import PASSWORD, mailbox
from tests.sandbox.conftest import tls  # noqa: F401 - a fixture

SERVER = {"host": "mail.acme.example", "sender": "erasure@acme.example"}
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


class Hearing(RequestHandler):
    """Remembers what it is sent, and answers as the test wants."""

    def initialize(self, heard: list) -> None:
        self._heard = heard

    async def post(self) -> None:
        self._heard.append((self.request.path, dict(self.request.headers.get_all()), self.request.body))
        status, body = self.application.settings["says"]
        self.set_status(status)
        self.finish(body)


@pytest.fixture
async def other():
    """Give a server of somebody else's, and what it hears."""
    heard: list = []
    application = Application([(".*", Hearing, {"heard": heard})], says=(200, b""))
    server = HTTPServer(application)
    (socket,) = bind_sockets(0, "127.0.0.1")
    server.add_sockets([socket])
    yield f"http://127.0.0.1:{socket.getsockname()[1]}", heard, application
    server.stop()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An installation inside this process."""
    with installed(tmp_path / "gateway", monkeypatch) as made:
        yield made


def messengers(desk: Desk, erasure: Erasure) -> Messengers:
    """Return the messengers of the installation with other settings."""
    return Messengers(desk.harness.app.config.model_copy(update={"erasure": erasure}), b"k" * 32)


def webhook(url: str, **more: object) -> Erasure:
    """Return settings with one recipient."""
    told = {"webhook": {"url": url, "secret": {"env": "HOOK"}}} | more
    return Erasure(recipients={"helpdesk_app": Told.model_validate(told, strict=False)})


async def test_a_webhook_is_signed_and_acknowledged(desk: Desk, other, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Standard Webhooks has it; the same message has the same id, however often it is sent."""
    monkeypatch.setenv("HOOK", SECRET)
    url, heard, application = other
    found = messengers(desk, webhook(f"{url}/hook"))
    after = await found.tell(CASE, NOTICE, 200)
    assert (after.sent, after.acknowledged, after.again) == (200, 0, 0)
    application.settings["says"] = (200, b'{"acknowledged": true}')
    assert (await found.tell(CASE, NOTICE, 300)).acknowledged == 300
    (path, fields, body), again = heard
    assert path == "/hook"
    assert fields["Webhook-Id"] == again[1]["Webhook-Id"]
    signed = f"{fields['Webhook-Id']}.{fields['Webhook-Timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(b"k" * 32, signed, hashlib.sha256)).decode()
    assert fields["Webhook-Signature"] == f"v1,{expected}"
    assert json.loads(body)["records"][0]["id"] == "101"


async def test_what_is_not_taken_is_tried_again(desk: Desk, other, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal, a redirect, nobody there: each with its reason, and a time."""
    monkeypatch.setenv("HOOK", SECRET)
    url, _, application = other
    found = messengers(desk, webhook(url))
    for says, why in (((500, b""), "upstream_refused"), ((302, b""), "upstream_redirects")):
        application.settings["says"] = says
        after = await found.tell(CASE, NOTICE, 200)
        assert (after.sent, after.why, after.again) == (0, why, 260)
    gone = messengers(desk, webhook("http://127.0.0.1:9"))
    assert (await gone.tell(CASE, NOTICE, 200)).why == "upstream_unreachable"
    assert (await gone.tell(CASE, msgspec.structs.replace(NOTICE, recipient="x"), 200)).why == "not_configured"


@pytest.mark.parametrize(
    "said", [b"[" * 100_000, b'{"acknowledged": false, "acknowledged": true}', b"\xff", b"1"]
)
async def test_an_answer_that_is_no_plain_object_acknowledges_nothing(
    desk: Desk, other, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Nor does it stop whoever tells the others, however deep it is nested."""
    monkeypatch.setenv("HOOK", SECRET)
    url, _, application = other
    application.settings["says"] = (200, said)
    after = await messengers(desk, webhook(url)).tell(CASE, NOTICE, 200)
    assert (after.sent, after.acknowledged) == (200, 0)


async def test_a_file_is_put_into_a_folder(desk: Desk, tmp_path: Path) -> None:
    """For whoever brings it there; whole, its owner's, and once."""
    (tmp_path / "out").mkdir()
    found = messengers(
        desk, Erasure(recipients={"helpdesk_app": Told(outbox=tmp_path / "out", names=("email",))})
    )
    for now in (200, 300):
        assert (await found.tell(CASE, NOTICE, now)).sent == now
    (file,) = (tmp_path / "out").iterdir()
    assert (file.stat().st_mode & 0o077, json.loads(file.read_text())["values"][0]["value"]) == (
        0,
        "mara@example.org",
    )
    (tmp_path / "out").rename(tmp_path / "gone")
    assert (await found.tell(CASE, NOTICE, 200)).why == "outbox_unwritable"


def test_what_cannot_work_is_told_at_the_start(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret that is none, and a folder that is not there."""
    monkeypatch.setenv("HOOK", "whsec_short")
    with pytest.raises(Problems, match="of helpdesk_app is not `whsec_`"):
        messengers(desk, webhook("https://x.example"))
    with pytest.raises(Problems, match="the outbox of helpdesk_app is no folder"):
        messengers(desk, Erasure(recipients={"helpdesk_app": Told(outbox=tmp_path / "none")}))


REPLIES = [
    # origin, state, path, credential, body
    (Origin("fides", "a", "pre:1", "/privacy-request/1/resume", "tok"), "live_complete",
     "/api/v1/privacy-request/1/resume", "Bearer tok", {"derived_identity": {}}),
    (Origin("fides", "a", "pre_approval:1", "/yes /no", "tok"), "awaiting_confirmation",
     "/api/v1/yes", "Bearer tok", {}),
    (Origin("fides", "a", "pre_approval:1", "/yes /no", "tok"), "held", "/api/v1/no", "Bearer tok", {}),
]  # fmt: skip


async def test_who_sent_a_request_is_called_back(desk: Desk, other) -> None:
    """Fides at the path that it gave, below its own address, with its token; an agent with the status."""
    url, heard, _ = other
    drp = SETTINGS["drp"] | {
        "agents": {"AGENT": SETTINGS["drp"]["agents"]["AGENT"] | {"callback": f"{url}/agent"}}
    }
    api = ErasureApi.model_validate(SETTINGS | {"fides": {"url": f"{url}/api/v1"}, "drp": drp}, strict=True)
    found = messengers(desk, Erasure(api=api))
    for origin, state, path, credential, body in REPLIES:
        await found.reply(CASE.put(origin=origin, state=state))
        assert (heard[-1][0], heard[-1][1]["Authorization"], json.loads(heard[-1][2])) == (
            path,
            credential,
            body,
        )
    agent = Origin("drp", "a", "a-1", f"{url}/agent/status")
    await found.reply(CASE.put(origin=agent))
    assert (heard[-1][0], json.loads(heard[-1][2])["status"]) == ("/agent/status", "fulfilled")
    for wrong in (f"{url}/other", f"{url}/agentx"):
        with pytest.raises(UpstreamFault, match="not_configured"):
            await found.reply(CASE.put(origin=msgspec.structs.replace(agent, reply=wrong)))
    assert len(heard) == 4


ELSEWHERE = ["@127.0.0.1:9/x", ".evil.example/x", ":9/x", "/x/../../admin", "/x?y", "/x#y", "/x\r\ny: z", ""]


@pytest.mark.parametrize("path", ELSEWHERE)
async def test_nobody_is_called_back_elsewhere(desk: Desk, other, path: str) -> None:
    """Not on another server, and not above what is configured, whatever the case has kept."""
    url, heard, _ = other
    agents = {"AGENT": SETTINGS["drp"]["agents"]["AGENT"] | {"callback": url}}
    more = {"fides": {"url": url}, "drp": SETTINGS["drp"] | {"agents": agents}}
    found = messengers(desk, Erasure(api=ErasureApi.model_validate(SETTINGS | more, strict=True)))
    for origin in (
        Origin("fides", "a", "pre_approval:1", f"/yes {path}", "tok"),
        Origin("drp", "a", "a-1", f"{url}{path}" if path else ""),
    ):
        with pytest.raises(UpstreamFault, match="not_configured"):
            await found.reply(CASE.put(origin=origin, state="held"))
    assert heard == []


async def test_a_recipient_is_told_by_mail(
    desk: Desk,
    tls,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The subject has the case; people are ids of records; the same message has the same name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.cert, tls.key)
    monkeypatch.setenv("MAIL", PASSWORD)
    caplog.set_level(0)
    async with mailbox(context) as box:
        server = {
            "host": "127.0.0.1", "port": box.port, "ca_file": tls.cert, "sender": "erasure@acme.example",
            "user": "lychgate", "password": {"env": "MAIL"},
        }  # fmt: skip
        told = {"helpdesk_app": {"mail": "dpo@desk.example"}}
        found = messengers(desk, Erasure.model_validate({"mail": server, "recipients": told}))
        assert found.carries("helpdesk_app")
        for now in (200, 300):
            after = await found.tell(CASE, NOTICE, now)
            assert (after.sent, after.acknowledged, after.again, after.why) == (now, 0, 0, "")
        box.refuses = True
        assert (await found.tell(CASE, NOTICE, 400)).why == "upstream_refused"
    first, second = box.taken
    assert (first["to"], first["subject"]) == ("dpo@desk.example", "Erase data of a person: case case0001")
    assert first["message-id"] == second["message-id"]
    assert first["auto-submitted"] == "auto-generated"
    text, attached = first.get_body(("plain",)).get_content(), next(iter(first.iter_attachments()))
    assert "Record: contacts 101 in hubspot" in text
    assert json.loads(attached.get_content())["records"][0]["id"] == "101"
    logged = "".join(one.getMessage() for one in caplog.records if one.name != "mail.log")  # the server's own
    for said in (first.as_string(), logged):
        assert "mara" not in said.lower()
        assert PASSWORD not in said
    assert "dpo@" not in logged


async def test_a_requester_is_told_of_each_change_once_by_mail(
    desk: Desk,
    tls,  # noqa: F811
) -> None:
    """Its state and when it is due, in words; nothing of the person, and nothing that somebody typed."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.cert, tls.key)
    api = {"listen": "127.0.0.1:0", "mail": {"helpdesk": "desk@acme.example"}}
    async with mailbox(context) as box:
        server = SERVER | {"host": "127.0.0.1", "port": box.port, "ca_file": tls.cert}
        desk.erasures.shared.messengers = messengers(desk, Erasure.model_validate({"mail": server, "api": api}))
        origin = Origin("api", "a", "", "mail helpdesk")
        opened = [
            await desk.does("open", values=[("email", "a@b.example")], ground="objection", origin=origin)
            for _ in range(2)
        ]
        case = opened[0]["case"]
        assert opened[1]["case"] != case  # a request without a name is a new one
        await desk.does("revoke", opened[1]["case"])
        for _ in range(2):
            await desk.erasures.unasked.messages.tell()
        await desk.does("deny", case, why="no_match", because="Canary is nobody here")
        for _ in range(2):
            await desk.erasures.unasked.messages.tell()
    about = [one for one in box.taken if case in one["subject"]]
    assert [one["subject"] for one in about] == [
        f"Erasure case {case}: in progress", f"Erasure case {case}: denied"
    ]  # fmt: skip
    assert [one["to"] for one in about] == ["desk@acme.example"] * 2
    assert f"Due: {opened[0]['due']}" in about[0].get_content()
    assert len({one["message-id"] for one in box.taken}) == len(box.taken) == 3
    for one in box.taken:
        assert "b.example" not in one.as_string()
        assert "Canary" not in one.as_string()
    origin, how = await messengers(desk, Erasure()).replied(desk.erasures.cases.get(case), 7)
    assert (how, origin.tries) == ("missed not_configured", 1)  # nobody is to be told any more


WAYS = [
    ({"recipients": {"a": {"mail": "dpo@desk.example"}}}, "which server"),
    ({"recipients": {"a": {"mail": "dpo@desk.example", "outbox": Path("x")}}}, "exactly one"),
    (
        {"mail": SERVER, "recipients": {"a": {"mail": "dpo@desk.example", "names": ("email",)}}},
        "by `record` only",
    ),
    ({"mail": SERVER, "recipients": {"a": {"mail": "dpo@desk.example\r\nBcc: x@y.example"}}}, "pattern"),
    ({"mail": SERVER | {"user": "x"}}, "both"),
    ({"api": {"listen": "127.0.0.1:0", "mail": {"helpdesk": "a@desk.example"}}}, "which server"),
]


@pytest.mark.parametrize(("settings", "said"), WAYS)
def test_a_way_that_leads_nowhere_or_too_far_is_refused(settings: dict, said: str) -> None:
    """When the configuration is read."""
    with pytest.raises(ValidationError, match=said):
        Erasure.model_validate(settings)


async def test_recipients_of_a_case_are_told_and_that_is_on_record(
    desk: Desk, other, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the person is erased; what failed is tried again when it is time; the ledger has no value."""
    monkeypatch.setenv("HOOK", SECRET)
    url, heard, application = other
    desk.erasures.shared.messengers = messengers(desk, webhook(url, names=("record", "email")))
    case = await desk.confirmed()

    async def disclosed(kept):
        return (
            msgspec.structs.replace(NOTICE, again=1),
            msgspec.structs.replace(NOTICE, recipient="internal", again=0),
        )

    monkeypatch.setattr(desk.erasures.erasers, "_recipients", disclosed)
    await desk.erasures.unasked.messages.tell()
    assert heard == []
    application.settings["says"] = (503, b"")
    assert (await desk.does("run", case))["state"] == "live_complete"
    await desk.erasures.unasked.messages.tell()
    told = (await desk.does("show", case))["recipients"]
    assert [(one["recipient"], one["tries"], one["trouble"]) for one in told] == [
        ("helpdesk_app", 1, "upstream_refused"), ("internal", 0, "")
    ]  # fmt: skip
    await desk.erasures.unasked.messages.tell()  # not yet
    assert len(heard) == 1
    kept = desk.erasures.cases.get(case)
    soon = tuple(msgspec.structs.replace(one, again=1 if one.again else 0) for one in kept.notices)
    desk.erasures.cases.keep(kept.put(notices=soon))
    application.settings["says"] = (200, b'{"acknowledged": true}')
    await desk.erasures.unasked.messages.tell()
    await desk.erasures.unasked.messages.tell()
    assert len(heard) == 2
    one = (await desk.does("show", case))["recipients"][0]
    assert (bool(one["sent"]), bool(one["acknowledged"]), one["trouble"]) == (True, True, "")
    entries = [entry for entry in desk.harness.entries() if entry.get("what") == "told"]
    assert [entry["how"] for entry in entries] == [
        "missed upstream_refused helpdesk_app",
        "acknowledged helpdesk_app",
    ]
    assert "aoife" in heard[0][2].decode()
    assert "aoife" not in str(desk.harness.entries()).lower()


async def test_an_agent_is_told_of_each_change_once(desk: Desk, other) -> None:
    """At its callback; what does not arrive is tried again later."""
    url, heard, application = other
    drp = SETTINGS["drp"] | {
        "agents": {"AGENT": SETTINGS["drp"]["agents"]["AGENT"] | {"callback": f"{url}/agent"}}
    }
    api = ErasureApi.model_validate(SETTINGS | {"drp": drp}, strict=True)
    desk.erasures.shared.messengers = messengers(desk, Erasure(api=api))
    case = await desk.does(
        "open",
        values=[("email", "a@b.example")],
        ground="objection",
        origin=Origin("drp", "a", "a-1", f"{url}/agent"),
    )
    application.settings["says"] = (500, b"")
    await desk.erasures.unasked.messages.tell()
    await desk.erasures.unasked.messages.tell()  # not yet
    assert len(heard) == 1
    kept = desk.erasures.cases.get(case["case"])
    desk.erasures.cases.keep(kept.put(origin=msgspec.structs.replace(kept.origin, again=1)))
    application.settings["says"] = (200, b"")
    await desk.erasures.unasked.messages.tell()
    await desk.erasures.unasked.messages.tell()
    await desk.does("revoke", case["case"])
    await desk.erasures.unasked.messages.tell()
    await desk.erasures.unasked.messages.tell()
    assert [json.loads(body)["status"] for _, _, body in heard] == ["in_progress", "in_progress", "revoked"]
