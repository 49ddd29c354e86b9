"""The `graphql:` section of a connector: what the fields of the schema's root do."""

from typing import Literal

from pydantic import Field

from proxy.model import Action
from proxy.yamlfile import Strict

Argument = Literal["id", "ids", "number", "cursor", "where", "order", "values"]
"""What an argument holds: the id of a record, or several; a number; a place in a list, as the CRM gave it; a
condition, `{field: {operator: value}}`; an order, `{field: WORD}` or a list of those; or what is written."""


class GraphqlField(Strict):
    """One field of `Query` or of `Mutation`."""

    object: str
    action: Action
    arguments: dict[str, Argument] = Field(default_factory=dict)
    records: str = ""
    """Where records stand in what the field gives, `nodes` or `edges.node`; "": it gives a record, or a list."""
    beside: dict[str, Literal["total", "count", "flag"]] = Field(default_factory=dict)
    """What else stands there, `totalCount` or `pageInfo.hasNextPage`, and what it is; a total counts the records
    of all pages. A cursor has no word: it can hold the values by which a list is sorted."""


class GraphqlModel(Strict):
    """The whole section."""

    queries: dict[str, GraphqlField] = Field(default_factory=dict)
    mutations: dict[str, GraphqlField] = Field(default_factory=dict)
    types: dict[str, str] = Field(default_factory=dict)
    """Object -> what the schema calls its type, where that is not the object's name; fragments say it."""
    joining: list[str] = Field(default_factory=lambda: ["and", "or", "not"])
    """Members of a condition that hold conditions."""
    operators: list[str] = Field(
        default_factory=lambda: ["eq", "ne", "gt", "gte", "lt", "lte", "in", "like", "is"]
    )
    """Members of a field's condition."""
