"""Calls that describe objects and fields, or say what time it is; by the shapes that REST answers have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxy.connectors.asked import Opened, Told
from proxy.connectors.grammar import Asking, Reading, Setting
from proxy.connectors.implied import outright
from proxy.connectors.shape import Node
from proxy.connectors.soap.envelope import Call, answered, results, wrapped
from proxy.connectors.soap.queries import text_in
from proxy.connectors.spec import MetadataModel
from proxy.connectors.words import UNCLASSIFIED, ObjectWords
from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree
from proxy.model import Action, FieldUse, Operation

SERVICE: Final = "Service"
"""The object that stands for what the API says of itself."""
MOST: Final = 100

_PREFIX: Final = "p:"


@dataclass(frozen=True, slots=True)
class Descriptions:
    """Reads these calls for one connector."""

    setting: Setting

    def objects(self, call: Call, asking: Asking) -> Reading:
        """Return that it is asked which objects there are."""
        if call.arguments:
            raise Gap("construct", "unknown_member")
        known = outright(FieldUse(SERVICE, "Objects", Action.READ))
        words = self.setting.words.objects[SERVICE]
        answer = Described(self.setting, call, "objects", {"": words})
        return Reading((known,), answer, asking.params, tree=wrapped(call, {}))

    def fields(self, call: Call, asking: Asking) -> Reading:
        """Return that it is asked which fields some objects have."""
        if call.arguments.keys() != {"p:sObjectType"}:
            raise Gap("construct", "unknown_member")
        given = call.arguments["p:sObjectType"]
        named = [text_in(each) for each in (given if isinstance(given, list) else [given])]
        words = {each.name: each for each in map(self.setting.words.object, named)}
        if len(words) != len(named) or len(named) > MOST:
            raise Undecodable("too_many_items", status=413)
        operations = tuple(Operation(Action.READ, name) for name in words)
        listed: list[Tree] = [*words]
        tree = wrapped(call, {"p:sObjectType": listed})
        return Reading(operations, Described(self.setting, call, "described", words), asking.params, tree=tree)

    def time(self, call: Call, asking: Asking) -> Reading:
        """Return that it is asked what time it is."""
        if call.arguments:
            raise Gap("construct", "unknown_member")
        known = outright(FieldUse(SERVICE, "Versions", Action.READ))
        return Reading((known,), Time(self.setting, call), asking.params, tree=wrapped(call, {}))


@dataclass(frozen=True, slots=True)
class Described:
    """The answer that describes objects."""

    setting: Setting
    call: Call
    shape: str
    """Name of the answer that says the same in JSON."""
    objects: Mapping[str, ObjectWords]

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return what is declared of each description, and what each is about."""
        opened, found = Opened(tree), []
        for result in results(tree, self.call):
            shown = _pruned(self.setting.answers[self.shape].root, result, opened)
            if not isinstance(shown, dict):
                raise UpstreamFault("unexpected_shape")
            found.append(shown)
            about = self._about(shown)
            for model in self.setting.file.describes.get(self.shape, ()):
                self._tell(model, shown, about, opened)
        listed: list[Tree] = [*found]
        opened.tree = answered(self.call, listed)
        return opened

    def _about(self, tree: Mapping[str, Tree]) -> ObjectWords:
        if "" in self.objects:
            return self.objects[""]
        name = tree.get("p:name")
        if not isinstance(name, str) or name not in self.objects:
            raise UpstreamFault("unexpected_record")
        return self.objects[name]

    def _tell(self, model: MetadataModel, tree: dict[str, Tree], about: ObjectWords, opened: Opened) -> None:
        """Note what one place describes; what nobody listed is taken out."""
        flags = {_PREFIX + name: action for name, action in model.flags.items()}
        at = model.at.removeprefix("$").removeprefix(".")
        if not at:
            opened.told.append(Told([tree], [(about.name, "")], flags, alone=True))
            return
        held = tree.get(_PREFIX + at)
        if not isinstance(held, list):
            return
        known = [(item, self._named(model, item, about)) for item in held if isinstance(item, dict)]
        kept = [(item, named) for item, named in known if named is not None]
        items: list[dict[str, Tree]] = [item for item, _ in kept]
        tree[_PREFIX + at] = items
        opened.told.append(Told(items, [named for _, named in kept], flags))

    def _named(self, model: MetadataModel, item: dict[str, Tree], about: ObjectWords) -> tuple[str, str] | None:
        name, words = item.get(_PREFIX + model.name), self.setting.words
        if not isinstance(name, str):
            return None
        if model.of == "field":
            return _listed(about, name)
        other = words.objects.get(words.spelled(name))
        if other is None or model.of == "object":
            return None if other is None else (other.name, "")
        return _listed(other, item.get(_PREFIX + model.field))


def _listed(words: ObjectWords, name: Tree) -> tuple[str, str] | None:
    listed = words.listed(name) if isinstance(name, str) else UNCLASSIFIED
    return None if listed == UNCLASSIFIED else (words.name, listed)


@dataclass(frozen=True, slots=True)
class Time:
    """The answer that says what time it is."""

    setting: Setting
    call: Call

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the time."""
        found = results(tree, self.call)
        said = found[0].get("p:timestamp") if found and isinstance(found[0], dict) else None
        if not isinstance(said, str) or not self.setting.patterns["moment"].fullmatch(said):
            raise UpstreamFault("unexpected_shape")
        return Opened(answered(self.call, [{"p:timestamp": said}]))


def _pruned(node: Node, tree: Tree, opened: Opened) -> Tree:
    """Return an element cut down to what a shape declares; None where nothing of it is."""
    if isinstance(tree, list) and node.items is not None:
        inner = node.items
        return [each for each in (_pruned(inner, item, opened) for item in tree) if each is not None]
    if isinstance(tree, dict) and node.members:
        found: dict[str, Tree] = {}
        for name, value in tree.items():
            at = node.members.get(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None
            shown = None if at is None else _pruned(at, value, opened)
            if shown is not None:
                found[name] = shown
            elif value is not None:
                opened.pruned += 1
        return found
    if isinstance(tree, str) and node.check is not None and any(map(node.check, _meanings(tree))):
        return str(tree)
    return None


def _meanings(text: str) -> list[Tree]:
    """Return what a text can stand for in JSON."""
    found: list[Tree] = [text]
    if text in {"true", "false"}:
        found.append(text == "true")
    if text.isdecimal() and text.isascii() and len(text) < 16:
        found.append(int(text))
    return found
