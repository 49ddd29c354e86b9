"""The `odoo:` section of a connector."""

from pydantic import Field

from proxy.connectors.rpcspec import RpcRelation
from proxy.yamlfile import Strict


class OdooObject(Strict):
    """What must be known of one model beyond its fields."""

    relations: dict[str, RpcRelation] = Field(default_factory=dict)
    called: str = "display_name"
    """The field that holds what a record is called: the second part of a link to it."""
    searched: list[str] = Field(default_factory=list)
    """Paths of the fields that a search by what a record is called looks into."""


class OdooModel(Strict):
    """Whom the lane is in the CRM, and how its models hang together."""

    database: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    login: str
    """Of the account whose API key is the lane's credential."""
    uid: int = Field(ge=1)
    """Its number."""
    objects: dict[str, OdooObject] = Field(default_factory=dict)
