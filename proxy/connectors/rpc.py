"""RPC calls: one URL for everything, and the body says which method does what to which object.

The grammar `rpc` reads JSON-RPC and XML-RPC calls of a CRM such as Tryton. Nothing but the body decides what
an operation is (threats XM-07, RC-14): the method must be declared in the connector's `rpc:` section, the
object among its `objects`, and every argument must be what the declaration says stands at its place. Wizards,
reports, exports and buttons are not declared, so they are refused.

`compile_rpc` builds the tables once; `RpcGrammar.read` is the story of one call.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.asked import Faults
from proxy.connectors.comparing import Looking
from proxy.connectors.domains import Relation, Shape, Shapes, Typed, swap_domain
from proxy.connectors.grammar import Asking, Reading, Setting
from proxy.connectors.relations import broken_relations, resolves
from proxy.connectors.rpcanswers import DEFINITIONS, RpcAnswer
from proxy.connectors.rpcargs import ID, Arguments
from proxy.connectors.rpcspec import RpcCall, RpcModel, RpcObject
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import Words
from proxy.errors import Gap, Undecodable
from proxy.message import Tree
from proxy.model import Action, FieldUse, Operation

_METHOD: Final = re.compile(r"model\.([a-z_][a-z0-9_.]{0,99})\.([a-z_][a-z0-9_]{0,63})")


def compile_rpc(route: RouteModel, setting: Setting) -> "RpcGrammar":
    """Return the grammar for a route; all routes of a connector share its `rpc:` section.

    Raises:
        ValueError: the section is missing, or names what the connector does not list.
    """
    del route
    model = setting.file.rpc
    if model is None:
        raise ValueError('has a grammar that needs a section "rpc:"')
    shapes = {name: _shape(name, model, setting.words) for name in setting.words.objects}
    for complaint in _complaints(model, setting.words, shapes):
        raise ValueError(complaint)
    return RpcGrammar(model, setting.words, shapes, setting.faults)


@dataclass(frozen=True, slots=True)
class RpcGrammar:
    """Reads the calls of one connector; stateless."""

    model: RpcModel
    words: Words
    shapes: Shapes
    faults: Faults

    def read(self, asking: Asking) -> Reading:
        """Return what a call does.

        Raises:
            Gap: an undeclared method, object, context key or construct.
            Undecodable: not a call, or an argument that is not what belongs at its place.
        """
        method, given, number = _envelope(asking.tree)
        name, call = self._declared(method)
        arguments = Arguments(call, name, self.shapes, self.model.context)
        arguments.take(given)
        tree: dict[str, Tree] = {"method": method, "params": arguments.params}
        answer = RpcAnswer(
            call.answer, name, call.action, self.words, self.shapes, self.faults, self.knows, number
        )
        reading = Reading(
            _operations(arguments),
            answer,
            asking.params,
            tree=tree if number is None else {"id": number, **tree},
            writes=tuple(arguments.writes.records),
            wrap=lambda result: {"result": result} if number is None else {"id": number, "result": result},
        )

        def swap(looking: Looking) -> Reading:
            for domain in arguments.domains:
                swap_domain(domain, name, self.shapes, looking)
            return reading

        return replace(reading, swap=swap)

    def knows(self, method: str) -> bool:
        """Return whether a call of this name is declared."""
        try:
            self._declared(method)
        except Gap:
            return False
        return True

    def _declared(self, method: str) -> tuple[str, RpcCall]:
        """Return the object and the declaration of a method."""
        call = self.model.calls.get(method)
        if call is not None:
            return call.object, call
        parts = _METHOD.fullmatch(method)
        if parts is None:
            raise Gap("route", "unknown_method")
        name = self.words.object(parts[1]).name
        call = self.model.methods.get(parts[2])
        if call is None:
            raise Gap("route", "unknown_method")
        return name, call


def _envelope(tree: Tree) -> tuple[str, list[Tree], int | None]:
    """Return method, arguments and, for JSON-RPC, the call's number."""
    match tree:
        case {"method": str(method), "params": list(params), **rest} if not rest:
            return method, params, None
        case {"id": int(number), "method": str(method), "params": list(params), **rest} if not rest:
            if not isinstance(number, bool):
                return method, params, number
    raise Undecodable("not_a_call")


def _operations(arguments: Arguments) -> tuple[Operation, ...]:
    """Return what the call does; a write consists of the operations found in what it writes."""
    call, name, tasks = arguments.call, arguments.name, arguments.tasks
    uses = arguments.uses
    match call.answer:
        case "definitions":
            name = DEFINITIONS
        case "count":
            uses = [FieldUse(name, ID, Action.AGGREGATE), *uses]
        case "ids" if call.action is not Action.CREATE:
            # Ids come back bare, with no record to judge: showing them must be allowed outright beforehand,
            # which is what a use by another action than the operation's asks for.
            uses = [FieldUse(name, ID, call.action), FieldUse(name, ID, Action.READ), *uses]
        case "records" if not any(use.action is call.action for use in uses):
            uses = [FieldUse(name, ID, call.action), *uses]
    if not arguments.writes.records:
        tasks.add(call.action, name, uses, arguments.ids)
    elif uses:
        tasks.add(arguments.writes.records[0].action, name, uses)
    return tasks.operations()


# ---- at load -----------------------------------------------------------------------------------------------


def _shape(name: str, model: RpcModel, words: Words) -> Shape:
    extra = model.objects.get(name) or RpcObject()
    fields = frozenset(words.objects[name].spec.fields)
    typed = None
    if extra.typed is not None:
        said = extra.typed
        typed = Typed(said.by, frozenset(said.fields), said.kinds, said.other, said.stored)
        fields = fields.difference(typed.all()) | typed.members
    return Shape(
        fields,
        {each: Relation(far.object, far.many, far.inverse) for each, far in extra.relations.items()},
        {each: tuple(paths) for each, paths in extra.labels.items()},
        model.aliases,
        typed,
    )


def _complaints(model: RpcModel, words: Words, shapes: Shapes) -> Iterator[str]:
    """Yield what is wrong with the section, for its author."""
    for method, call in (*model.methods.items(), *model.calls.items()):
        if "context" in call.params[:-1]:
            yield f'has a method "{method}" whose context is not its last parameter'
        if call.answer == "definitions" and DEFINITIONS not in shapes:
            yield f'has a method "{method}" that answers definitions, but no object "{DEFINITIONS}"'
    for method, call in model.calls.items():
        if call.object not in shapes:
            yield f'has a call "{method}" about an object that is not listed: "{call.object}"'
    for name, extra in model.objects.items():
        if name not in shapes:
            yield f'says more of an object that is not listed: "{name}"'
            return
        if extra.typed is not None:
            listed = words.objects[name].spec.fields
            for each in (*extra.typed.kinds.values(), extra.typed.other, extra.typed.by):
                if each not in listed:
                    yield f'has typed fields of "{name}" that name a field not listed: "{each}"'
            if extra.typed.stored not in extra.typed.fields:
                yield f'has typed fields of "{name}" of which none is the stored one: "{extra.typed.stored}"'
            for each in extra.typed.fields:
                if each in listed:
                    yield f'lists "{name}.{each}" both as typed and as a field'
        yield from broken_relations(name, extra.relations, shapes)
        for label, paths in extra.labels.items():
            for path in paths:
                if not resolves(path, name, shapes):
                    yield f'has a label "{name}.{label}" with a path that leads nowhere: "{path}"'
