"""The listener over real sockets: TLS, client certificates, limits, and nothing said about the software."""

import asyncio
import http.client
import json
import ssl

import pytest

from proxy.api import serve_api
from proxy.api.listener import MOST
from proxy.config import Tls
from proxy.crypto import issue_client
from tests.api.conftest import Api


class Line:
    """A client of one listener."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        self._port, self._context = port, context

    def ask(
        self, method: str, path: str, body: bytes | None = None, **fields: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask on a connection of its own."""
        if self._context is not None:
            line = http.client.HTTPSConnection("localhost", self._port, timeout=10, context=self._context)
        else:
            line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            line.request(method, path, body, {name.replace("_", "-"): value for name, value in fields.items()})
            answer = line.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            line.close()


async def test_it_answers_and_says_nothing_of_itself(api: Api) -> None:
    """In clear on this machine; no cookie, no server, nothing kept, whatever the method."""
    server, port = serve_api(api.front, "127.0.0.1:0", None)
    try:
        for method, path, status in (
            ("GET", "/openapi.json", 200), ("GET", "/v1/cases", 401), ("PATCH", "/v1/cases", 405),
            ("OPTIONS", "/v1/cases", 405), ("TRACE", "/v1/cases", 405), ("BREW", "/v1/cases", 501),
            ("GET", "/%2e%2e/v1/cases", 404),
        ):  # fmt: skip
            code, fields, body = await asyncio.to_thread(Line(port).ask, method, path)
            assert code == status, (method, path)
            assert json.loads(body)["status" if status >= 400 else "openapi"]
            assert ("allow" in fields) == (status == 405)
            assert fields["cache-control"] == "no-store"
            assert fields["x-content-type-options"] == "nosniff"
            assert not {"server", "set-cookie", "etag"} & fields.keys()
        code, _, _ = await asyncio.to_thread(Line(port).ask, "POST", "/v1/cases", b"x" * (MOST + 1))
        assert code in {400, 413}
    except ConnectionError:  # a body that is too long may end the connection before it is answered
        pass
    finally:
        server.stop()


@pytest.fixture
def tls(api: Api) -> Tls:
    """What `init` made for the lanes, and whose client certificates are taken."""
    folder = api.desk.harness.installation.folder / "state" / "tls"
    return Tls(certificate=folder / "localhost.pem", key=folder / "localhost.key", client_ca=folder / "ca.pem")


async def test_a_client_certificate_says_who_asks(api: Api, tls: Tls) -> None:
    """One that our authority signed and a client is registered with; without one a key will do."""
    clients = api.desk.harness.installation.policies / "example" / "clients.yaml"
    text = clients.read_text("utf-8")
    text = text.replace("  helpdesk:\n", '  helpdesk:\n    certificates: ["dns:desk.example"]\n', 1)
    clients.write_text(text, "utf-8")
    api.desk.harness.app.reload()
    certificate, key_file = issue_client(tls.certificate.parent, "desk", ["desk.example"])
    assert tls.client_ca is not None
    server, port = serve_api(api.front, "127.0.0.1:0", tls)
    try:
        context = ssl.create_default_context(cafile=str(tls.client_ca))
        code, _, _ = await asyncio.to_thread(Line(port, context).ask, "GET", "/v1/cases")
        assert code == 401
        key = f"Bearer {api.desk.harness.installation.keys['helpdesk']}"
        code, _, _ = await asyncio.to_thread(
            Line(port, context).ask, "GET", "/v1/cases", None, authorization=key
        )
        assert code == 200
        context.load_cert_chain(certificate, key_file)
        code, _, body = await asyncio.to_thread(Line(port, context).ask, "GET", "/v1/cases")
        assert (code, json.loads(body)) == (200, {"cases": [], "next": ""})
    finally:
        server.stop()
