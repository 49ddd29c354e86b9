"""The grammar `parts`: requests inside a request, each an ordinary operation of the same connector.

Salesforce's `composite/batch`, `composite` and `composite/graph` carry whole requests: a method, a URL, a body.
Each is routed and read as if it had come alone, so there is no second reading of anything; what is sent is
written anew from what each was understood to be, and its answer is opened by the route that it took.

One refused part refuses them all: nothing is sent. Not understood, and so refused: headers of a part, parts
inside parts, files, and references to what another part brought (`@{ref.field}`): what a reference carries
from a hidden field into one that may be read, or into a filter, is decided by the CRM, after us (threat RC-13).
Only the id of a record that an earlier part creates is nobody's secret: `@{ref.id}` may stand where an id does
in a path, and as the whole value of a field that links records.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from proxy.connectors.asked import Asked, Opened
from proxy.connectors.comparing import Looking, refuse_unswapped
from proxy.connectors.endings import Said, ends_of_all
from proxy.connectors.facts import Wanted
from proxy.connectors.grammar import Asking, Find, Grammar, Reading, Setting
from proxy.connectors.partshapes import LAYOUTS, Layout, Part
from proxy.connectors.references import REFERENCE, References
from proxy.connectors.spec import RouteModel
from proxy.connectors.target import parameters
from proxy.connectors.words import Hidden
from proxy.errors import Gap, Undecodable
from proxy.message import Headers, Request, Tree

METHODS: Final = frozenset({"GET", "POST", "PATCH", "DELETE"})
_JSON: Final = "json"
_MAX_DEPTH: Final = 16


@dataclass(frozen=True, slots=True)
class Parts:
    """Reads one declared route whose body holds requests."""

    setting: Setting
    find: Find
    layout: Layout
    root: str
    """`/services/data/`: what URLs of parts may leave out."""

    def read(self, asking: Asking) -> Reading:
        """Return what all the parts do; see `Grammar.read`."""
        if asking.part:
            raise Gap("construct", "parts_in_parts")
        envelope, parts = self.layout.take(asking.tree)
        asked = self._all(parts, asking.binding)
        return self._reading(asking, envelope, parts, asked)

    def _all(self, parts: list[Part], binding: str) -> list[Asked]:
        """Return what each part asks for; one may refer to records that parts before it create."""
        made = References()
        found: list[Asked] = []
        for part in parts:
            asked = self._asked(part, binding, made)
            found.append(asked)
            made.note(part, asked)
        return found

    def _reading(self, asking: Asking, envelope: Tree, parts: list[Part], asked: list[Asked]) -> Reading:
        sent = [self._sent(part, each) for part, each in zip(parts, asked, strict=True)]

        def again(change: Callable[[Asked], None]) -> Reading:
            for each in asked:
                change(each)
            return self._reading(asking, envelope, parts, asked)

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
            answer=Answers(self.layout, parts, asked),
            params=asking.params,
            tree=self.layout.put(envelope, sent),
            writes=tuple(record for each in asked for record in each.writes),
            narrow=narrow,
            widen=widen,
            swap=swap,
            ends=ends_of_all([each.ends for each in asked], lambda said: self._told(parts, said)),
        )

    def _told(self, parts: list[Part], said: list[Said]) -> Tree:
        return self.layout.answered(parts, [(each.status, each.tree) for each in said])

    def _asked(self, part: Part, binding: str, made: "References") -> Asked:
        """Return what one part asks for, routed as a request of its own."""
        if part.method not in METHODS:
            raise Gap("construct", "method")
        url = part.url if part.url.startswith("/") else self.root + part.url
        path, _, query = url.partition("?")
        path, stands = made.taken(part, path)
        texts = (path, query, *(text for pair in parameters(query) for text in pair), *_texts(part.body))
        if any(REFERENCE in text and not made.may_stand(part, text) for text in texts):
            raise Gap("construct", "reference")
        request = Request(part.method, path, query, Headers())
        route = self.find(request)
        if (route.request_media and _JSON not in route.request_media) or _JSON not in route.response_media:
            raise Gap("construct", "media")
        asked = route.recognise(request, part.body, binding=binding, part=True)
        if asked.sign is not None:  # a credential inside the body is filled in for whole requests only
            raise Gap("construct", "signed_part")
        made.check(part, asked, self.setting.words)
        return made.put_back(asked, stands)

    def _sent(self, part: Part, asked: Asked) -> Part:
        url = asked.target if part.url.startswith("/") else asked.target.removeprefix(self.root)
        return Part(part.method, url, asked.tree, part.reference)


def _texts(tree: Tree, depth: int = 0) -> Iterator[str]:
    """Return every text in a tree, names of members included."""
    if depth > _MAX_DEPTH:
        raise Undecodable("nested_too_deeply")
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, list):
        for item in tree:
            yield from _texts(item, depth + 1)
    elif isinstance(tree, Mapping):
        for name, value in tree.items():
            yield name
            yield from _texts(value, depth + 1)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answer to several requests: each is opened as if it had come alone."""

    layout: Layout
    parts: list[Part]
    asked: list[Asked]

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return all that the parts were answered; see `Answer`.

        A part's own error comes in the CRM's shape for errors, with our constants for its words.
        """
        found = self.layout.answers(tree, self.parts)
        opened = Opened(None)
        for asked, (code, inner) in zip(self.asked, found, strict=True):
            opened.hold(asked.open(code, inner))
        parts = opened.parts

        def compose() -> Tree:
            codes = (one.status or code for one, (code, _) in zip(parts, found, strict=True))
            told = zip(codes, (one.tree for one in parts), strict=True)
            return self.layout.answered(self.parts, [*told])

        opened.compose, opened.tree = compose, compose()
        return opened


def compile_parts(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that carries requests; raises ValueError where the route is wrong."""
    if setting.find is None:
        raise ValueError("has a grammar that needs the connector's routes")
    layout = LAYOUTS.get(route.layout)
    if layout is None:
        raise ValueError(f"needs a layout for its grammar: one of {', '.join(sorted(LAYOUTS))}")
    root, found, _ = route.match.partition(" ")[2].partition("{version}")
    if not found:
        raise ValueError("needs {version} in its path for its grammar")
    return Parts(setting, setting.find, layout, root)
