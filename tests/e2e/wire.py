"""Plain HTTP/1.1 towards a lane, where an SDK would be in the way; and a CRM that answers when it is told to."""

import http.client
import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from proxy.sandbox import Answer, Call, HubSpotSandbox
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import PATIENCE

CONTACT = "/crm/v3/objects/contacts/101?properties=email,phone"


@dataclass(frozen=True, slots=True)
class Got:
    """What a client received, all of it."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def decision(self) -> str:
        """The decision id."""
        return self.headers["lychgate-decision"]

    @property
    def tree(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Line:
    """One connection to a lane, kept open from request to request."""

    def __init__(self, port: int, key: str = "", *, tls: ssl.SSLContext | None = None) -> None:
        if tls is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        else:
            self.connection = http.client.HTTPSConnection("localhost", port, timeout=PATIENCE, context=tls)
        self._key = key

    def ask(self, target: str = CONTACT, method: str = "GET", body: object = None, **headers: str) -> Got:
        """Return what one request gets; `x_purpose="..."` sends the header `x-purpose`.

        Raises:
            OSError, http.client.HTTPException: the connection ended before a whole answer.
        """
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._key:
            fields.setdefault("authorization", f"Bearer {self._key}")
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        if raw is not None:
            fields.setdefault("content-type", "application/json")
        self.connection.request(method, target, raw, fields)
        answer = self.connection.getresponse()
        content = answer.read()
        return Got(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


class Held(HubSpotSandbox):
    """A HubSpot that does not answer before it is told to."""

    def __init__(self) -> None:
        super().__init__(CRM_TOKEN)
        self.asked = threading.Event()
        """Set when a request has arrived."""
        self.go = threading.Event()
        """Set by the test; answers go out then."""

    def answer(self, call: Call) -> Answer:
        """Wait for the test, then answer as ever."""
        self.asked.set()
        assert self.go.wait(PATIENCE)
        return super().answer(call)


class Asking(threading.Thread):
    """One request in a thread of its own; `result` waits for its end."""

    def __init__(self, line: Line, target: str = CONTACT) -> None:
        super().__init__(daemon=True)
        self._line, self._target = line, target
        self._got: Got | Exception | None = None
        self.start()

    def run(self) -> None:
        """Ask."""
        try:
            with self._line as line:
                self._got = line.ask(self._target)
        except (OSError, http.client.HTTPException) as error:
            self._got = error

    def result(self) -> Got:
        """Return what was received; raises what ended the connection instead."""
        self.join(PATIENCE)
        if isinstance(self._got, Exception):
            raise self._got
        assert self._got is not None
        return self._got
