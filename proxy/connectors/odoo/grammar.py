"""The grammar `odoo`: one URL for everything, and the body says which method does what to which model.

Nothing but the body decides what an operation is (threats RC-14); in JSON-2 the path does, and the body holds
arguments only. `compile_odoo` builds the tables once; `OdooGrammar.read` is the story of one call.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.asked import Faults, SignedBody
from proxy.connectors.comparing import Looking, refuse_unswapped
from proxy.connectors.domains import Relation, Shape, Shapes
from proxy.connectors.grammar import Asking, Reading, Setting
from proxy.connectors.odoo import calls
from proxy.connectors.odoo.answers import DEFINITIONS, VERSION, OdooAnswer
from proxy.connectors.odoo.arguments import ID, Arguments
from proxy.connectors.odoo.domains import swap_domain
from proxy.connectors.odoo.spec import OdooModel, OdooObject
from proxy.connectors.relations import broken_relations, resolves
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import Words
from proxy.errors import Gap, Unavailable, Undecodable
from proxy.message import Tree
from proxy.model import Action, FieldUse, Operation

_BEARER: Final = "Bearer "
_SERVICES: Final = ("object", "common")
_JSON_RPC: Final = ("jsonrpc",)
USERS: Final = "res.users"
WEB: Final = (
    "dataset/call_kw",
    "session/authenticate",
    "session/get_session_info",
    "session/destroy",
    "webclient/version_info",
)
"""Routes of the web client that there are words for."""
_KINDS: Final = {
    "session/authenticate": "session",
    "session/get_session_info": "session",
    "session/destroy": "destroyed",
}
"""Route -> how its answer is read, where that is not as that of the call which is sent in its place."""


def compile_odoo(route: RouteModel, setting: Setting) -> "OdooGrammar":
    """Return the grammar for a route; all routes of a connector share its `odoo:` section.

    Raises:
        ValueError: the section is missing, or names what the connector does not list.
    """
    model = setting.file.odoo
    if model is None:
        raise ValueError('has a grammar that needs a section "odoo:"')
    for name in (DEFINITIONS, VERSION):
        if name not in setting.words.objects:
            raise ValueError(f'has a grammar that needs an object "{name}"')
    shapes = {name: _shape(name, model, setting.words) for name in setting.words.objects}
    for complaint in _complaints(model, shapes):
        raise ValueError(complaint)
    last = route.match.rpartition("/")[2]
    service = last if "/xmlrpc/" in route.match else None
    if service not in (None, *_SERVICES):
        raise ValueError("must end in /object or /common, or be about JSON")
    web = route.match.partition("/web/")[2].removesuffix("/{web_model}/{web_method}")
    if web and web not in WEB:
        raise ValueError(f"must be one of the web client's routes: {', '.join(WEB)}")
    return OdooGrammar(model, setting.words, shapes, setting.faults, service, web)


@dataclass(frozen=True, slots=True)
class OdooGrammar:
    """Reads the calls of one connector; stateless."""

    model: OdooModel
    words: Words
    shapes: Shapes
    faults: Faults
    service: str | None
    """Of an XML-RPC URL."""
    web: str = ""
    """What stands behind `/web/` in the URL, less the blanks."""

    def caller(self, tree: Tree) -> str | None:
        """Return what stands in a call where a password belongs, unverified; None if nothing does."""
        try:
            return calls.read(tree, {}, self.service, self.web).key
        except (Gap, Undecodable):
            return None  # `read` will say what is wrong with it

    def read(self, asking: Asking) -> Reading:
        """Return what a call does.

        Raises:
            Gap: an undeclared method, model, context key or construct.
            Undecodable: not a call, or an argument that is not what belongs at its place.
        """
        call = calls.read(asking.tree, asking.params, self.service, self.web)
        if call.service == "common":
            return self._common(call, asking)
        name = self.words.object(call.model).name
        arguments = Arguments(call, name, self.shapes)
        arguments.take()
        method = arguments.method
        if method.answer == "context" and name != USERS:
            raise Gap("route", "unknown_method")
        shown = method.action if method.action in {Action.LIST, Action.READ} else Action.READ
        answer = OdooAnswer(
            method.answer,
            name,
            shown,
            self.words,
            self.shapes,
            self.faults,
            call.protocol,
            call.number,
            arguments.columns,
            arguments.many,
        )
        reading = Reading(
            _operations(arguments),
            answer,
            asking.params,
            tree=call.tree(self.model),
            writes=tuple(arguments.writes.records),
            sign=None if call.protocol == "json2" else sign,
            path=_JSON_RPC if self.web else None,
            wrap=call.answered,
        )

        def swap(looking: Looking) -> Reading:
            if call.method == "name_search":  # it looks for a part of a text
                refuse_unswapped(reading.operations, looking)
            for domain in arguments.domains:
                swap_domain(domain, name, self.shapes, looking)
            return reading

        return replace(reading, swap=swap)

    def _common(self, call: calls.Call, asking: Asking) -> Reading:
        """Return what it is to ask who one is: the lane's own account, whoever calls."""
        kind = _KINDS.get(call.web) or ("version" if call.method == "version" else "uid")
        answer = OdooAnswer(
            kind, VERSION, Action.READ, self.words, self.shapes, self.faults, call.protocol, call.number
        )
        answer = replace(answer, database=self.model.database)
        operation = Operation(Action.READ, VERSION)
        tree = call.tree(self.model)
        reading = Reading((operation,), answer, asking.params, tree=tree, path=_JSON_RPC if self.web else None)
        return replace(reading, sign=sign) if call.method == "authenticate" else reading


def sign(tree: Tree, fields: tuple[tuple[str, str], ...]) -> SignedBody:
    """Return a body with the lane's secret in it, and the header fields without.

    Raises:
        Unavailable: the lane holds no secret of its own.
    """
    found = [value for name, value in fields if name == "authorization"]
    if len(found) != 1 or not found[0].startswith(_BEARER):
        raise Unavailable("credential_unavailable")
    return calls.signed(tree, found[0].removeprefix(_BEARER)), ()


def _operations(arguments: Arguments) -> tuple[Operation, ...]:
    method, name, tasks = arguments.method, arguments.name, arguments.tasks
    uses = list(arguments.uses)
    if arguments.writes.records:
        if uses:
            tasks.add(arguments.writes.records[0].action, name, uses)
        return tasks.operations()
    match method.answer:
        case "definitions":
            name = DEFINITIONS
        case "context":
            name = VERSION  # of the lane's own account; it says how texts are written, and nothing of a person
        case "count":
            uses = [FieldUse(name, ID, Action.AGGREGATE), *uses]
        case "ids":
            # Ids come back bare, with no record to judge: showing them must be allowed outright beforehand,
            # which is what a use by another action than the operation's asks for.
            uses = [FieldUse(name, ID, method.action), FieldUse(name, ID, Action.READ), *uses]
        case "pairs":
            called = arguments.shapes[name].called
            uses = [FieldUse(name, ID, method.action), FieldUse(name, called, method.action), *uses]
        case "records" if not any(use.action is method.action for use in uses):
            uses = [FieldUse(name, ID, method.action), *uses]
    tasks.add(method.action, name, uses, arguments.ids)
    return tasks.operations()


# ---- at load -----------------------------------------------------------------------------------------------


def _shape(name: str, model: OdooModel, words: Words) -> Shape:
    extra = model.objects.get(name) or OdooObject()
    relations = {each: Relation(far.object, far.many, far.inverse) for each, far in extra.relations.items()}
    labels = {extra.called: tuple(extra.searched)} if extra.searched else {}
    return Shape(frozenset(words.objects[name].spec.fields), relations, labels, called=extra.called)


def _complaints(model: OdooModel, shapes: Shapes) -> Iterator[str]:
    """Yield what is wrong with the section, for its author."""
    for name, extra in model.objects.items():
        if name not in shapes:
            yield f'says more of an object that is not listed: "{name}"'
            return
        if extra.called not in shapes[name].fields:
            yield f'says of "{name}" that it is called by what is not a field: "{extra.called}"'
        yield from broken_relations(name, extra.relations, shapes)
        for path in extra.searched:
            if not resolves(path, name, shapes):
                yield f'has a search of "{name}" by a path that leads nowhere: "{path}"'
