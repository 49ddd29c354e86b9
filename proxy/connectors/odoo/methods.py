"""What each method of Odoo's models does, and what stands at each place of its arguments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from proxy.model import Action

Kind = Literal[
    "domain", "fields", "number", "order", "load", "rows", "values", "groupby", "aggregates", "flag", "text",
    "operator", "names", "attributes",
]  # fmt: skip
Answered = Literal["records", "ids", "count", "groups", "pairs", "definitions", "created", "done", "context"]


@dataclass(frozen=True, slots=True)
class Method:
    """One method."""

    action: Action
    answer: Answered
    params: tuple[tuple[str, Kind], ...]
    """In the order of the arguments, by name, after the ids."""
    ids: bool = False
    """Whether it is about records that are named."""
    named: Mapping[str, Kind] | None = None
    """Further arguments, by name only; other names of an argument among them."""

    def kind(self, name: str) -> Kind | None:
        """Return what stands under a name."""
        return dict(self.params).get(name) or (self.named or {}).get(name)


_PAGE: Final[tuple[tuple[str, Kind], ...]] = (("offset", "number"), ("limit", "number"))
METHODS: Final[Mapping[str, Method]] = {
    "search": Method(Action.LIST, "ids", (("domain", "domain"), *_PAGE, ("order", "order"))),
    "search_count": Method(Action.LIST, "count", (("domain", "domain"), ("limit", "number"))),
    "search_read": Method(
        Action.LIST,
        "records",
        (("domain", "domain"), ("fields", "fields"), *_PAGE, ("order", "order")),
        named={"load": "load"},
    ),
    "read": Method(Action.READ, "records", (("fields", "fields"), ("load", "load")), ids=True),
    "read_group": Method(
        Action.LIST,
        "groups",
        (
            ("domain", "domain"),
            ("fields", "aggregates"),
            ("groupby", "groupby"),
            *_PAGE,
            ("orderby", "order"),
            ("lazy", "flag"),
        ),
    ),
    "name_search": Method(
        Action.LIST,
        "pairs",
        (("name", "text"), ("args", "domain"), ("operator", "operator"), ("limit", "number")),
        named={"domain": "domain"},
    ),
    "fields_get": Method(Action.READ, "definitions", (("allfields", "names"), ("attributes", "attributes"))),
    "context_get": Method(Action.READ, "context", ()),
    "create": Method(Action.CREATE, "created", (("vals_list", "rows"),)),
    "write": Method(Action.UPDATE, "done", (("vals", "values"),), ids=True),
    "unlink": Method(Action.DELETE, "done", (), ids=True),
}
SORTED_BY_ID: Final = frozenset({"search", "search_read"})
"""Methods that are sent with an order of ours where the client names none: the CRM's own would be by name, and
so tell a caller who may not see names how they compare (threat IO-03)."""
