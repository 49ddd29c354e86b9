"""The HTTP API over an installation in this process; every answer is held against the OpenAPI document."""

import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jsonschema import Draft202012Validator

from proxy.api import ROUTES, Answer, document, make_desk
from proxy.api.routes import Route
from proxy.config import ErasureApi
from proxy.message import Headers, Peer, Request
from tests.desk import Desk, installed

DOCUMENT = json.loads(document(ROUTES))
AGENT = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
SETTINGS = {
    "listen": "127.0.0.1:0",
    "requesters": ("support_agent",),
    "ground": "objection",
    "requests_per_second": 1000.0,
    "fides": {"url": "http://127.0.0.1:9/api/v1"},
    "drp": {
        "business": "ACME",
        "agents": {
            "AGENT": {
                "verify_key": base64.b64encode(AGENT.public_key().public_bytes_raw()).decode(),
                "callback": "http://127.0.0.1:9/agent",
            },
            "OTHER": {"verify_key": base64.b64encode(STRANGER.public_key().public_bytes_raw()).decode()},
        },
        "verification_url": "https://acme.example/prove",
    },
}


@dataclass
class Api:
    """Whoever asks the API."""

    desk: Desk
    settings: dict[str, Any] = field(default_factory=lambda: dict(SETTINGS))

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        """Open it with the settings as they are."""
        api = ErasureApi.model_validate(self.settings, strict=True)
        self.front = make_desk(self.desk.harness.app, self.desk.erasures, api)

    async def raw(self, method: str, path: str, body: bytes = b"", **fields: str) -> Answer:
        """Ask, hold the answer against the document, and return it."""
        named = tuple((name.replace("_", "-"), value) for name, value in fields.items())
        path, _, query = path.partition("?")
        request = Request(method, path, query, Headers(named), body, Peer("127.0.0.1"))
        answer = await self.front.answer(request)
        fits(method, path, answer)
        return answer

    async def asks(
        self, client: str | None, method: str, path: str, body: object = None, **fields: str
    ) -> tuple[int, Any]:
        """Ask as a client of the example; return status and tree."""
        purpose = {"privacy_desk": "subject_request", "helpdesk": "customer_support", "mailer": "newsletter"}
        if client is not None:
            fields["authorization"] = f"Bearer {self.desk.harness.installation.keys[client]}"
            fields["x_purpose"] = purpose[client]
        if body is not None:
            fields.setdefault("content_type", "application/json")
        text = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = await self.raw(method, path, text, **fields)
        return answer.status, json.loads(answer.body) if answer.body else None

    async def officer(self, method: str, path: str, body: object = None, **fields: str) -> tuple[int, Any]:
        """Ask as somebody who may agree to erasures."""
        return await self.asks("privacy_desk", method, path, body, **fields)

    async def settled(self, case: str) -> Any:
        """Return the case once it is somebody's turn."""
        while (told := (await self.officer("GET", f"/v1/cases/{case}"))[1])["busy"]:
            await self.desk.idle()
        return told


def route_of(method: str, path: str) -> Route | None:
    """Return the row of the table that a request means."""
    for route in ROUTES:
        if route.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path):
            return route
    return None


def fits(method: str, path: str, answer: Answer) -> None:
    """Fail unless the document has this answer, status, media type and schema."""
    route = route_of(method, path)
    responses = {"default": DOCUMENT["paths"]["/v1/cases"]["get"]["responses"]["default"]}
    if route is not None:
        responses = DOCUMENT["paths"][route.path][method.lower()]["responses"]
    elif path.startswith("/drp/"):
        responses = {"default": DOCUMENT["paths"]["/drp/v1/data-rights-request"]["post"]["responses"]["default"]}
    said = responses.get(str(answer.status)) or responses["default"]
    if not answer.body:
        assert route is not None
        assert (route.name, answer.status) == ("drpSetup", 403)
        return
    schema = said["content"][answer.media].get("schema") or {}
    if "json" in answer.media:
        whole = {**schema, "components": DOCUMENT["components"]}
        problems = [error.message for error in Draft202012Validator(whole).iter_errors(json.loads(answer.body))]
        assert problems == [], (method, path, answer.status)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An installation inside this process."""
    with installed(tmp_path / "gateway", monkeypatch) as made:
        yield made


@pytest.fixture
def api(desk: Desk) -> Api:
    """The API in front of it."""
    return Api(desk)
