"""A sandbox without a socket: what the gateway forwards goes to it, and its answer comes back."""

from tornado.httputil import HTTPHeaders

from proxy.message import Headers, Request, Response
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.server import Sandbox


def call_of(request: Request) -> Call:
    """Return a request as a sandbox takes it."""
    headers = HTTPHeaders()
    for name, value in request.headers:
        headers.add(name, value)
    return Call(request.method, request.path, request.query, headers, request.body)


def response_of(answer: Answer) -> Response:
    """Return an answer as the gateway takes it."""
    body = answer.body()
    fields = {"content-type": "application/json"} if body else {}
    fields |= {name.lower(): str(value) for name, value in answer.headers.items()}
    return Response(answer.status, Headers(tuple(fields.items())), body)


def answered(sandbox: Sandbox, request: Request) -> Response:
    """Return what a sandbox answers."""
    return response_of(sandbox.answer(call_of(request)))
