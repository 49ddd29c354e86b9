"""The `odata:` section of a connector: what OData's URLs need to know beside the objects themselves."""

from pydantic import Field

from proxy.yamlfile import Strict


class ODataObject(Strict):
    """One object."""

    set: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")
    """What stands in URLs: the name of its entity set."""
    key: str
    """The property that holds the CRM's id of a record."""
    alternate_keys: list[list[str]] = Field(default_factory=list)
    """Properties that find a record together, in a URL: a lookup, and so a filter by each of them."""
    lookups: dict[str, str] = Field(default_factory=dict)
    """Field that links to another record -> field that holds what the other is called. The first is written
    `_NAME_value` in URLs and answers; the second is what its formatted value shows, and what it is sorted by."""


class ODataModel(Strict):
    """How the objects of a connector are reached by OData."""

    objects: dict[str, ODataObject]
