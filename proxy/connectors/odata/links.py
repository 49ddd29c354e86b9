"""The grammar `odata-link`: links between records, `contacts(ID)/parentcustomerid_account/$ref`.

To link is to write the field that holds the link: of the record itself where the way leads to one record, of the
record on the other end where it leads to many. The other record is named by its id; by a value it would be an
oracle. To read links has no word here.

Dataverse wants the other record's absolute URL, which is not ours to know. So a link is sent as the update that
it is, `PATCH contacts(ID)` with `parentcustomerid_account@odata.bind`, of a record that must be there.
"""

import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from proxy.connectors import target
from proxy.connectors.envelope import Nothing
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.odata import keys
from proxy.connectors.odata.naming import Names
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import ObjectWords
from proxy.errors import Gap, Undecodable
from proxy.message import Record
from proxy.model import Action, FieldUse, Operation

_LINK: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,99})(?:\((.{1,100})\))?")
_ID: Final = "@odata.id"
_ABSOLUTE: Final = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Links:
    """Reads one declared route."""

    names: Names
    id: re.Pattern[str]
    method: str
    root: tuple[str | tuple[str], ...]
    """Path template of the service."""

    def read(self, asking: Asking) -> Reading:
        """Return what the request does; see `Grammar.read`."""
        address = keys.read(asking.params["entity"], self.names, self.id)
        found = _LINK.fullmatch(asking.params["link"])
        if found is None or address.record is None:
            raise Gap("construct", "odata_key")
        name, key = found[1], found[2]
        if name in address.words.parents and key is None and self.method in {"PUT", "DELETE"}:
            return self._one(asking, address, name)
        if name in address.words.children and (self.method, key is None) in {("POST", True), ("DELETE", False)}:
            return self._many(asking, address, name, key)
        raise Gap("construct", "odata_navigation")

    def _one(self, asking: Asking, address: keys.Address, name: str) -> Reading:
        """Return what it is to have a record lead to another, or to none."""
        assert address.record is not None
        change = _Change(address.words, address.record, name)
        if self.method == "DELETE":
            return _unlinked(asking, change)
        other = self._named(asking, address.words.parents[name].object)
        return self._linked(asking, change, address.text, other)

    def _many(self, asking: Asking, address: keys.Address, name: str, key: str | None) -> Reading:
        """Return what it is to have one more record lead to this one, or one less."""
        relation = address.words.children[name]
        words = self.names.words.objects[relation.object]
        back = next(
            (
                way
                for way, each in words.parents.items()
                if each.via == relation.via and each.object == address.words.name
            ),
            None,
        )
        if back is None or (key is not None and not self.id.fullmatch(key)):
            raise Gap("construct", "odata_navigation")
        if key is not None:
            return _unlinked(asking, _Change(words, key, back))
        other = self._named(asking, relation.object)
        record = keys.read(other, self.names, self.id).record
        assert record is not None
        return self._linked(asking, _Change(words, record, back), other, address.text)

    def _linked(self, asking: Asking, change: "_Change", holder: str, other: str) -> Reading:
        """Return the update that makes a link: for the service it need not be an absolute URL there."""
        link = f"/{other}"
        return replace(
            _reading(asking, change, link),
            path=(*self.root, ("entity",)),
            params={**asking.params, "entity": holder},
            method="PATCH",
            headers=(("if-match", "*"),),
            tree={f"{change.way}@odata.bind": link},
        )

    def _named(self, asking: Asking, name: str) -> str:
        """Return the record that a body names, relative to the service.

        Raises:
            Gap: it is named in another way than by its id, or is of another object.
            Undecodable: it is on another server.
        """
        match asking.tree:
            case {"@odata.id": str(text), **rest} if not rest:
                root = target.path_of(self.root, asking.params)
                if _ABSOLUTE.match(text):
                    text = _path(text, asking.request.host)
                text, found = keys.bound(text.removeprefix(root), self.names, self.id)
                if found == name:
                    return text
        raise Gap("construct", "odata_navigation")


@dataclass(frozen=True, slots=True)
class _Change:
    """A link that is made or taken away."""

    words: ObjectWords
    record: str
    """That holds it."""
    way: str
    """The navigation property to the other end."""


def _unlinked(asking: Asking, change: _Change) -> Reading:
    return _reading(asking, change, None)


def _reading(asking: Asking, change: _Change, link: str | None) -> Reading:
    words, field = change.words, change.words.parents[change.way].via
    use = FieldUse(words.name, field, Action.UPDATE)
    return Reading(
        (Operation(Action.UPDATE, words.name, (use,), (change.record,)),),
        Nothing(),
        asking.params,
        writes=(Record(words.name, Action.UPDATE, {field: link}),),
    )


def _path(text: str, host: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise Undecodable("foreign_url") from None
    if not host or parts.netloc.lower() != host or parts.query or parts.fragment:
        raise Undecodable("foreign_url")
    return parts.path


def compile_odata_link(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route; raises ValueError where the route is wrong."""
    method, _, path = route.match.partition(" ")
    root = path.removesuffix("/{entity}/{link}/$ref")
    if root == path or method not in {"PUT", "POST", "DELETE"}:
        raise ValueError("must be a PUT, POST or DELETE and end in /{entity}/{link}/$ref for its grammar")
    if setting.file.odata is None or "id" not in setting.patterns:
        raise ValueError('needs an odata: section and a pattern "id" for its grammar')
    names = Names.compile(setting.file.odata, setting.words)
    return Links(names, setting.patterns["id"], method, target.template(root))
