"""Our own requests over real sockets: verified certificates, no redirects, no doubt about what was sent."""

import socket
import ssl

import pytest

from proxy.errors import UpstreamFault
from proxy.message import Headers, Request
from proxy.sandbox import Fault, HubSpotSandbox, OdooSandbox, SalesforceSandbox, running
from proxy.transport import Caller
from tests.sandbox.conftest import tls  # noqa: F401 - a fixture

TOKEN = "only-lychgate-has-this"


class Held:
    """The lane's credential."""

    def fields(self, request: Request) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {TOKEN}"),)


async def test_the_lanes_credential_is_shown_and_the_answer_comes_whole() -> None:
    """A 404 is an answer like any other."""
    with running(HubSpotSandbox(TOKEN)) as address:
        caller = Caller(address.url, Held())
        found = await caller.send(Request("GET", "/crm/v3/objects/contacts/101", "properties=email"))
        missing = await caller.send(Request("GET", "/crm/v3/objects/contacts/7"))
        caller.close()
    assert (found.status, missing.status) == (200, 404)
    assert b"aoife.byrne@example.org" in found.body


async def test_the_session_stands_in_the_body_where_that_is_asked_for() -> None:
    """SOAP and JSON-RPC read it there; the header that asks for it does not go out, nor a mark of a record's."""
    crm = SalesforceSandbox(TOKEN)
    body = b"<a><sessionId>mark-7</sessionId>{session}</a>"
    headers = Headers((("content-type", "text/xml"), ("lychgate-session", "mark-7")))
    with running(crm) as address:
        caller = Caller(address.url, Held())
        await caller.send(Request("POST", "/services/Soap/u/59.0", headers=headers, body=body))
        caller.close()
    assert crm.calls[-1].body == f"<a><sessionId>{TOKEN}</sessionId>{{session}}</a>".encode()
    assert "lychgate-session" not in {name.lower() for name in crm.calls[-1].headers}


@pytest.mark.parametrize(("media", "written"), [("application/json", 'a\\"b&<c'), ("text/xml", 'a"b&amp;&lt;c')])
async def test_the_credential_ends_nothing_where_it_stands(media: str, written: str) -> None:
    """It is written as JSON or XML writes a text."""
    crm = OdooSandbox(TOKEN)

    class Odd:
        def fields(self, request: Request) -> tuple[tuple[str, str], ...]:
            return (("authorization", 'Bearer a"b&<c'),)

    with running(crm) as address:
        caller = Caller(address.url, Odd())
        headers = Headers((("content-type", media), ("lychgate-session", "mark-7")))
        await caller.send(Request("POST", "/nowhere", headers=headers, body=b"[mark-7]"))
        caller.close()
    assert crm.calls[-1].body.decode() == f"[{written}]"


async def test_a_certificate_that_does_not_verify_is_refused(tls) -> None:  # noqa: F811
    """WF-16, WF-17: there is no way to switch that off; with its own authority it is accepted."""
    with running(HubSpotSandbox(TOKEN), tls=tls) as address:
        stranger = Caller(address.url, Held())
        with pytest.raises(UpstreamFault):
            await stranger.send(Request("GET", "/crm/v3/objects/contacts/101"))
        stranger.close()
        known = Caller(address.url, Held(), ca_file=tls.cert)
        assert (await known.send(Request("GET", "/crm/v3/objects/contacts/101"))).status == 200
        known.close()
    assert known._tls.verify_mode is ssl.CERT_REQUIRED


async def test_a_lost_answer_is_told_from_one_that_was_never_sent() -> None:
    """Lost: whether it was done is unknown. Unreachable: it was not."""
    crm = HubSpotSandbox(TOKEN)
    crm.faults.add(Fault("hang_up"))
    with running(crm) as address:
        caller = Caller(address.url, Held())
        with pytest.raises(UpstreamFault, match="upstream_lost"):
            await caller.send(Request("DELETE", "/crm/v3/objects/contacts/101"))
        caller.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = Caller(f"http://127.0.0.1:{free.getsockname()[1]}", Held())
        with pytest.raises(UpstreamFault, match="upstream_unreachable"):
            await nobody.send(Request("GET", "/"))
        nobody.close()


async def test_a_slow_crm_times_out() -> None:
    """Whether it was done is unknown then."""
    crm = HubSpotSandbox(TOKEN)
    crm.faults.add(Fault("delay", seconds=30))
    with running(crm) as address:
        caller = Caller(address.url, Held(), seconds=0.3)
        with pytest.raises(UpstreamFault, match="upstream_timeout"):
            await caller.send(Request("GET", "/crm/v3/objects/contacts/101"))
        caller.close()
