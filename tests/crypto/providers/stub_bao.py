"""What OpenBao's Transit engine does with the requests that we send, written from its documented behaviour.

https://openbao.org/api-docs/secret/transit, read in November 2026, and what its users report: a missing key is
made when something is to be encrypted under it; a batch of which one item fails is answered with 400 and an
`error` in that item; deleting needs `deletion_allowed`. It holds real AES-GCM keys, so what it returns is real.
"""

import base64
import hmac
import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "s.a-token-that-nobody-prints"


class StubBao:
    """A server on a free port of this machine; `sealed` and `slow` are for tests to turn."""

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Any]] = {}
        self.sealed = False
        self.hangs = threading.Event()
        self.asked: list[str] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def _answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                stub.asked.append(f"{self.command} {self.path}")
                if stub.hangs.is_set():
                    stub.release.wait(30)
                status, data = stub.answer(self.command, self.path, self.headers.get("x-vault-token"), body)
                text = b"" if data is None else json.dumps(data).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - as http.server calls them

        self.release = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, token: str | None, body: dict[str, Any]) -> tuple[int, Any]:
        """Return status and JSON; None for no content."""
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        if (method, path) == ("GET", "/v1/auth/token/lookup-self"):
            return 200, {"data": {"id": token}}
        found = re.fullmatch(r"/v1/transit/([a-z]+)/([a-z0-9-]+)(/[a-z0-9-]+)?", path)
        if found is None:
            return 404, {"errors": []}
        verb, name, more = found.groups()
        return getattr(self, f"_{verb}")(method, name, more, body)

    def _keys(self, method: str, name: str, more: str | None, body: dict[str, Any]) -> tuple[int, Any]:
        key = self.keys.get(name)
        if method == "POST" and more is None:
            self.keys.setdefault(name, _new(body.get("type", "aes256-gcm96")))
            return 200, {"data": {"name": name}}
        if key is None:
            return 404, {"errors": []}
        if method == "GET":
            return 200, {"data": {"name": name, "type": key["type"], "latest_version": 1}}
        if method == "POST" and more == "/config":
            key |= body
            return 204, None
        if method == "DELETE":
            if not key.get("deletion_allowed"):
                return 400, {"errors": ["deletion is not allowed for this key"]}
            del self.keys[name]
            return 204, None
        return 405, {"errors": []}

    def _encrypt(self, method: str, name: str, more: str | None, body: dict[str, Any]) -> tuple[int, Any]:
        key = self.keys.setdefault(name, _new("aes256-gcm96"))  # the trap
        if key["type"] != "aes256-gcm96":
            return 400, {"errors": ["key type does not support encryption"]}
        results = []
        for item in body["batch_input"]:
            nonce, bound = os.urandom(12), _bytes(item["associated_data"])
            sealed = AESGCM(key["key"]).encrypt(nonce, _bytes(item["plaintext"]), bound)
            results.append({"ciphertext": "vault:v1:" + _text(nonce + sealed), "key_version": 1})
        return 200, {"data": {"batch_results": results}}

    def _decrypt(self, method: str, name: str, more: str | None, body: dict[str, Any]) -> tuple[int, Any]:
        key = self.keys.get(name)
        if key is None:
            return 400, {"errors": ["encryption key not found"]}
        if key["type"] != "aes256-gcm96":
            return 400, {"errors": ["key type does not support decryption"]}
        results: list[dict[str, str]] = []
        for item in body["batch_input"]:
            sealed = _bytes(item["ciphertext"].removeprefix("vault:v1:"))
            try:
                clear = AESGCM(key["key"]).decrypt(sealed[:12], sealed[12:], _bytes(item["associated_data"]))
                results.append({"plaintext": _text(clear)})
            except (InvalidTag, ValueError):
                results.append({"error": "cipher: message authentication failed"})
        return (400 if any("error" in each for each in results) else 200), {"data": {"batch_results": results}}

    def _hmac(self, method: str, name: str, more: str | None, body: dict[str, Any]) -> tuple[int, Any]:
        key = self.keys.get(name)
        if key is None:
            return 400, {"errors": ["encryption key not found"]}
        return 200, {
            "data": {"hmac": "vault:v1:" + _text(hmac.digest(key["key"], _bytes(body["input"]), "sha256"))}
        }


def _new(kind: str) -> dict[str, Any]:
    return {"type": kind, "key": os.urandom(32)}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
