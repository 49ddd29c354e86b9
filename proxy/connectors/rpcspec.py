"""The `rpc:` section of a connector: an API in which one URL serves every call, and the body names it.

A call is `model.<object>.<method>` with the arguments in order and a context last (Tryton). `methods` says
what each method does to whichever object; `calls` are single calls by their whole name. What neither lists
is refused.
"""

from typing import Literal

from pydantic import Field

from proxy.model import Action
from proxy.yamlfile import Strict

Parameter = Literal[
    "ids",
    "fields",
    "domain",
    "offset",
    "limit",
    "order",
    "flag",
    "rows",
    "pairs",
    "values",
    "names",
    "context",
]
"""What stands at one place of a call: record ids, names of fields to return, a search domain, how many
records to skip and to return, an order, a boolean, records to create, ids and values by turns, a form as it
stands on the screen, names of fields that changed or are to be computed, or the context."""

Answered = Literal["records", "record", "ids", "count", "nothing", "form", "definitions", "method_names", "text"]
"""What comes back: a list of records, one record, ids, a number, nil, what a form computed, the definition of
each field, names of methods, or one text that is no data about anybody."""

ContextKind = Literal["text", "active", "timestamps"]
"""What a context key holds: a short text, a boolean that brings back inactive records when false, or the
time stamp of each record that is about to be changed."""


class RpcCall(Strict):
    """One method."""

    action: Action
    params: list[Parameter] = Field(default_factory=list)
    answer: Answered
    object: str = ""
    """For an entry of `calls`: the object it is about."""


class RpcRelation(Strict):
    """A field that leads to records of another object."""

    object: str
    many: bool = False
    inverse: str | None = None
    """The field of the target that points back; changed when a record is added or removed."""


class RpcTyped(Strict):
    """Fields that hold now one kind of data and now another, as a choice beside them says."""

    by: str
    """The field that holds the choice."""
    fields: list[str] = Field(min_length=1)
    """Members whose meaning depends on it; not among the object's fields."""
    stored: str
    """The one of them that the CRM keeps; it computes the others."""
    kinds: dict[str, str]
    """Choice -> the field of the object that policy is asked about."""
    other: str
    """The same for any other choice."""


class RpcObject(Strict):
    """What the grammar must know of one object beyond its fields."""

    typed: RpcTyped | None = None
    relations: dict[str, RpcRelation] = Field(default_factory=dict)
    labels: dict[str, list[str]] = Field(default_factory=dict)
    """Computed field -> what a search by it really looks at."""


class RpcModel(Strict):
    """The whole section."""

    context: dict[str, ContextKind] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict)
    """Name under which every object shows a field -> that field."""
    methods: dict[str, RpcCall]
    calls: dict[str, RpcCall] = Field(default_factory=dict)
    objects: dict[str, RpcObject] = Field(default_factory=dict)
