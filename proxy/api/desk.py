"""Answers what is asked over HTTP.

1  route      method and path have to be in the table, whole
2  caller     by the credentials of the lanes, or an agent's key; somebody who has none is slowed down
3  rate       of each caller
4  right      requester, administrator, agent
5  body       one JSON object without a second meaning, of the route's model; or text that an agent signed
6  the act    `Erasures.do`, and what it says
"""

import base64
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from proxy.api import drp
from proxy.api.openapi import document
from proxy.api.routes import ROUTES
from proxy.api.words import Amiss, Answer, Call, Caller, Given, Route, said
from proxy.app import KEY_FILE, App
from proxy.config import ErasureApi
from proxy.crypto import derive, read_key
from proxy.erase import Stuck
from proxy.erasure import NoSuchCase
from proxy.erasures import Erasures
from proxy.errors import ExchangeError, LedgerError, LychgateError, StoreError, Unidentified
from proxy.identity.strictjson import read_object
from proxy.message import Request
from proxy.model import Principal
from proxy.rates import Rates

_log: Final = logging.getLogger("lychgate")
STRANGERS: Final = 1.0
"""So many times a second somebody without a good credential may try, on average; ten times at once."""
_NAME: Final = re.compile(r"\{(\w+)\}")


def make_desk(app: App, erasures: Erasures, settings: ErasureApi) -> "Desk":
    """Return the desk of an installation."""
    key = derive(read_key(app.config.state / KEY_FILE), "erasure/drp")

    def token(agent: str, verify_key: str) -> str:
        said_ = hmac.digest(key, f"{agent}\0{verify_key}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(said_).decode().rstrip("=")

    return Desk(
        Given(erasures, settings, token, time.time),
        lambda who: app.pseudonyms.of("principal", who),
        time.monotonic,
        document=document(ROUTES),
        counted=lambda name, status: app.metrics.api(name, status).inc(),
    )


class Desk:
    """The API of one installation.

    Args:
        given: what routes work with.
        pseudonym: what a principal is called in cases and in the ledger.
        clock: monotonic seconds.
        document: the OpenAPI document.
        counted: is told of each answer: the operation's name and the status.
    """

    def __init__(
        self,
        given: Given,
        pseudonym: Callable[[str], str],
        clock: Callable[[], float],
        *,
        document: bytes,
        counted: Callable[[str, str], None] = lambda name, status: None,
    ) -> None:
        self._given = given
        self._pseudonym = pseudonym
        self._document = document
        self._counted = counted
        rate = given.settings.requests_per_second
        self._rates = Rates(rate, max(1, round(3 * rate)), clock)
        self._strangers = Rates(STRANGERS, 10, clock)
        self._routes = [
            (route, re.compile(_NAME.sub(r"(?P<\1>[A-Za-z0-9_-]{1,64})", route.path))) for route in ROUTES
        ]

    async def answer(self, request: Request) -> Answer:
        """Return what is answered; whatever goes wrong is an answer, too."""
        route, names, allowed = self._route(request)
        answer = await self._answer(route, names, allowed, request)
        self._counted(route.name if route is not None else "none", str(answer.status))
        return answer

    async def _answer(
        self, route: Route | None, names: Mapping[str, str], allowed: list[str], request: Request
    ) -> Answer:
        in_drp = request.path.startswith("/drp/")
        if route is None:
            status = 405 if allowed else 404
            fields = (("Allow", ", ".join(allowed)),) if allowed else ()
            return trouble(status, "There is no such operation; see /openapi.json.", *fields, drp=in_drp)
        if route.name == "openapi":
            return Answer(200, self._document)
        try:
            caller = self._caller(route, request)
            call = Call(caller, names, _query(route, request.query), _body(route, request), request)
            return await route.run(self._given, call)
        except Amiss as error:
            return trouble(error.status, str(error), drp=in_drp, fatal=error.fatal)
        except NoSuchCase:
            return trouble(404, "There is no such case.", drp=in_drp)
        except (LedgerError, StoreError, Stuck):
            return trouble(503, "It cannot be done now; ask again later.", ("Retry-After", "10"), drp=in_drp)
        except ExchangeError as error:
            fields = (("WWW-Authenticate", "Bearer"),) if error.status == 401 else ()
            return trouble(error.status, f"Not answered: {error.reason.replace('_', ' ')}.", *fields, drp=in_drp)
        except LychgateError as error:
            return trouble(409, str(error), drp=in_drp)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody is shown it, and it is told by its name
            _log.error("the erasure API failed: %s", type(error).__name__)
            return trouble(500, "Lychgate failed; its log says more.", drp=in_drp)

    def _route(self, request: Request) -> tuple[Route | None, Mapping[str, str], list[str]]:
        """Return the row that is asked for and the names in the path; else the methods that the path has."""
        allowed = []
        for route, pattern in self._routes:
            if (found := pattern.fullmatch(request.path)) is not None:
                if route.method == request.method:
                    return route, found.groupdict(), []
                allowed.append(route.method)
        return None, {}, allowed

    def _caller(self, route: Route, request: Request) -> Caller:
        """Return who asks.

        Raises:
            Unidentified: nobody that we know.
            Amiss: too often, or it is not theirs to ask.
        """
        if route.who == "anybody":
            self._count_stranger(request)
            return Caller("", administers=False)
        try:
            caller = self._agent(request) if route.who == "agent" else self._client(request)
        except ExchangeError:
            self._count_stranger(request)
            raise
        if not self._rates.take(caller.id):
            raise Amiss(429, "Too many requests; wait.")
        self._refuse(route, caller)
        return caller

    def _count_stranger(self, request: Request) -> None:
        """Have strangers at one address wait; whoever shows a good credential from there does not."""
        if not self._strangers.take(request.peer.address):
            raise Amiss(429, "Too many attempts without a good credential; wait.")

    def _agent(self, request: Request) -> Caller:
        drp.settings(self._given)
        name = drp.agent_of(self._given, request.headers.one("authorization"))
        if name is None:
            raise Unidentified("unknown_key")
        return Caller(self._pseudonym(f"drp/{name}"), administers=False, agent=name)

    def _client(self, request: Request) -> Caller:
        """Return the client; of several lanes that know it, as the one by whose policies it may do most."""
        erasures, refusal, found = self._given.erasures, ExchangeError("unavailable"), list[Principal]()
        for who in erasures.identified(request):
            if isinstance(who, Principal):
                found.append(who)
            else:
                refusal = who
        if not found:
            raise refusal
        requesters = {*self._given.settings.requesters}
        best = max(found, key=lambda who: (erasures.agrees(who), bool(who.roles & requesters)))
        return Caller(self._pseudonym(best.id), erasures.agrees(best), best)

    def _refuse(self, route: Route, caller: Caller) -> None:
        who = caller.principal
        if caller.administers or who is None or route.who == "client":
            return
        if route.who == "administrator":
            raise Amiss(403, "Only who may agree to erasures by policy may do this.")
        if not who.roles & {*self._given.settings.requesters}:
            raise Amiss(403, "None of the client's roles may ask for erasures: `erasure.api.requesters`.")


def trouble(
    status: int, detail: str, *fields: tuple[str, str], drp: bool = False, fatal: bool = False
) -> Answer:
    """Return what says that something was not done: RFC 9457, or an error state of the DRP (3.06)."""
    if drp:
        told = {"code": str(status), "message": detail} | ({"fatal": True} if fatal else {})
        return said(told, status, *fields)
    told_ = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Answer(status, said(told_).body, "application/problem+json", fields)


def _query(route: Route, text: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=10) if text else []
    except ValueError:
        raise Amiss(400, "The query cannot be read.") from None
    found = dict(pairs)
    if len(found) != len(pairs) or not found.keys() <= route.query.keys():
        raise Amiss(400, f"The query may have, once each: {', '.join(route.query) or 'nothing'}.")
    for name, value in found.items():
        if re.fullmatch(route.query[name], value) is None:
            raise Amiss(400, f"The query's `{name}` is not of its form.")
    return found


def _body(route: Route, request: Request) -> BaseModel | None:
    """Return what was sent, as the route's model; None where it is an agent's to open, or nothing is sent.

    Raises:
        Amiss: 415, 400 or 422, with the places that are wrong and none of their values.
    """
    if route.takes is None:
        if request.body:
            raise Amiss(400, "Nothing is to be sent with this.")
        return None
    if route.signed:
        return None
    media = (request.headers.one("content-type") or "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Amiss(415, "Send application/json.")
    try:
        read_object(request.body)
    except ValueError:
        raise Amiss(400, "Send one JSON object in UTF-8, with no name twice.") from None
    try:
        return route.takes.model_validate_json(request.body)
    except ValidationError as error:
        raise Amiss(
            422, "; ".join(_wrong(each["type"], each["loc"], each["msg"]) for each in error.errors())
        ) from None


def _wrong(kind: str, loc: tuple[int | str, ...], message: str) -> str:
    """Return what is wrong where; a name that is not ours is not repeated."""
    known = loc[:-1] if kind == "extra_forbidden" else loc
    where = ".".join(map(str, known)) or "the object"
    return f"{where}: {'a member that is not known here' if kind == 'extra_forbidden' else message}"
