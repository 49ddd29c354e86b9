"""The grammar `odata-batch`: requests inside a request, as JSON or as `multipart/mixed` with change sets.

Each is routed and read as if it had come alone, and each answer is opened by the route that its request took, so
there is no second reading of anything (threat MP-03). A URL inside may be relative to the service, begin at the
root, or be absolute; then it has to name the host that the client itself called. What is sent is relative to the
service, for that is the one form that every service takes.

One refused request refuses them all: nothing is sent. Not understood, and so refused: references to what another
request of the batch brought (`$1`), batches inside batches, and bodies that are not JSON.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from proxy.connectors import target
from proxy.connectors.asked import Asked, Opened
from proxy.connectors.comparing import Looking, refuse_unswapped
from proxy.connectors.endings import Said, ends_of_all
from proxy.connectors.facts import Wanted
from proxy.connectors.grammar import Asking, Find, Grammar, Reading, Setting
from proxy.connectors.odata.batchforms import Form, Part, Told, form_of
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import Hidden
from proxy.errors import Gap, Undecodable
from proxy.message import Headers, Request, Tree

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
REFUSED: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "transfer-encoding", "content-encoding"}
    | {"x-http-method", "x-http-method-override", "x-method-override"}
)
"""Headers of a request inside that say who asks, or by which method."""
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_REFERENCE: Final = re.compile(r"\$[A-Za-z0-9_-]+(?:[/?].*)?")
_JSON: Final = "json"
_MAX_DEPTH: Final = 16


@dataclass(frozen=True, slots=True)
class Batch:
    """Reads one declared route whose body holds requests."""

    find: Find
    base: tuple[str | tuple[str], ...]
    """Path template of the service."""

    def read(self, asking: Asking) -> Reading:
        """Return what all the requests do; see `Grammar.read`."""
        if asking.part:
            raise Gap("construct", "parts_in_parts")
        form, parts = form_of(asking.tree)
        root = target.path_of(self.base, asking.params)
        asked = [self._asked(part, root, asking) for part in parts]
        return self._reading(asking, form, root, parts, asked)

    def _reading(self, asking: Asking, form: Form, root: str, parts: list[Part], asked: list[Asked]) -> Reading:
        sent = [_sent(part, each, root) for part, each in zip(parts, asked, strict=True)]

        def again(change: Callable[[Asked], None]) -> Reading:
            for each in asked:
                change(each)
            return self._reading(asking, form, root, parts, asked)

        def narrow(hidden: Hidden) -> Reading:
            return again(lambda each: each.narrow(hidden))

        def widen(wanted: Wanted) -> Reading:
            return again(lambda each: each.gather(wanted))

        def swap(looking: Looking) -> Reading:
            for each in asked:
                refuse_unswapped(each.operations if each.swap is None else (), looking)
            return again(lambda each: each.substitute(looking))

        return Reading(
            operations=tuple(operation for each in asked for operation in each.operations),
            answer=Answers(form, parts, asked),
            params=asking.params,
            tree=form.put(sent),
            writes=tuple(record for each in asked for record in each.writes),
            narrow=narrow,
            widen=widen,
            swap=swap,
            headers=form.headers,
            ends=ends_of_all([each.ends for each in asked], lambda said: _told(form, parts, said)),
        )

    def _asked(self, part: Part, root: str, asking: Asking) -> Asked:
        """Return what one request asks for, routed as if it had come alone."""
        if part.method not in METHODS:
            raise Gap("construct", "method")
        if part.group is not None and part.method == "GET":
            raise Undecodable("read_in_change_set")
        headers = _headers(part.headers, asking.request.host)
        path, _, query = _target(part.url, root, asking.request.host).partition("?")
        request = Request(part.method, path, query, headers, host=asking.request.host)
        route = self.find(request)
        if (route.request_media and _JSON not in route.request_media) or _JSON not in route.response_media:
            raise Gap("construct", "media")
        if any(_REFERENCE.fullmatch(text) for text in _links(part.body)):
            raise Gap("construct", "reference")
        asked = route.recognise(request, part.body, binding=asking.binding, part=True)
        if asked.sign is not None:
            raise Gap("construct", "signed_part")
        return asked


def _told(form: Form, parts: list[Part], said: list[Said]) -> Tree:
    told = [Told(at, each.status, None if each.bodiless else each.tree) for at, each in enumerate(said)]
    return form.answered(told, parts)


def _target(url: str, root: str, host: str) -> str:
    """Return where a URL inside a batch leads, as a request of its own would write it.

    Raises:
        Gap: a reference to what another request brings, or a path outside of the service.
        Undecodable: another server.
    """
    if _REFERENCE.fullmatch(url) and not url.startswith("$batch"):
        raise Gap("construct", "reference")
    if _ABSOLUTE.match(url):
        url = _without_origin(url, host)
    found = url if url.startswith("/") else f"{root}/{url}"
    if not found.startswith(root + "/"):
        raise Gap("route", "unknown_route")
    return found


def _without_origin(url: str, host: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Undecodable("foreign_url") from None
    origin = f"{parts.scheme}://{parts.netloc}"
    named = parts.scheme.lower() in {"http", "https"} and parts.netloc.lower() == host and host
    if not named or url[: len(origin)].lower() != origin.lower():
        raise Undecodable("foreign_url")
    return url[len(origin) :]


def _headers(given: Mapping[str, str], host: str) -> Headers:
    if not REFUSED.isdisjoint(given) or given.get("host", host).lower() != host:
        raise Undecodable("refused_header")
    return Headers(tuple((name, value) for name, value in given.items() if name != "host"))


def _sent(part: Part, asked: Asked, root: str) -> Part:
    url = asked.target.removeprefix(root + "/")
    return part._replace(
        method=asked.method or part.method, url=url, headers=dict(asked.headers), body=asked.tree
    )


def _links(tree: Tree, depth: int = 0) -> Iterator[str]:
    """Yield every text that a body links to another record by."""
    if depth > _MAX_DEPTH:
        raise Undecodable("nested_too_deeply")
    if isinstance(tree, list):
        for item in tree:
            yield from _links(item, depth + 1)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            if isinstance(value, str) and name.endswith(("@odata.bind", "@odata.id")):
                yield value
            yield from _links(value, depth + 1)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answer to several requests: each is opened as if it had come alone."""

    form: Form
    parts: list[Part]
    asked: list[Asked]

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return all that the requests were answered; see `Answer`.

        A request's own error comes in the CRM's shape for errors, with our constants for its words.
        """
        opened = Opened(None)
        found: list[Told] = []
        for each in self.form.answers(tree, self.parts):
            opened.hold(self.asked[each.at].open(each.status, each.body))
            found.append(each)

        def compose() -> Tree:
            told = [
                each._replace(status=one.status or each.status, body=one.tree)
                for each, one in zip(found, opened.parts, strict=True)
            ]
            return self.form.answered(told, self.parts)

        opened.compose, opened.tree = compose, compose()
        return opened


def compile_odata_batch(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that carries requests; raises ValueError where the route is wrong."""
    method, _, path = route.match.partition(" ")
    if setting.find is None:
        raise ValueError("has a grammar that needs the connector's routes")
    if method != "POST" or not path.endswith("/$batch"):
        raise ValueError("must be a POST and end in /$batch for its grammar")
    return Batch(setting.find, target.template(path.removesuffix("/$batch")))
