"""The models of a connector's `erasure` section: how one CRM is asked to forget somebody, and asked whether it
has.

`policies/connectors/*.yaml` are the examples. A playbook says nothing of who may have what erased: that is
policy's.
"""

from typing import Literal

from pydantic import Field

from proxy.yamlfile import Strict

Kind = Literal["email", "emails", "phone", "phones", "id", "name", "address", "contact", "text"]
"""What a field's values are, for those who look for them: `contact` is an address or a number, as each says
itself; `emails` and `phones` are several, in a list or with semicolons between; `text` is not looked for."""
Uses = Literal["find", "read", "deleted", "past", "text", "exists", "linked", "all", "write", "delete", "purge"]
"""What a call is for; `past` shows whether the CRM still knows what the fields of a record were."""


class CallModel(Strict):
    """One call: what is sent, with blanks, and where in the answer the records stand."""

    send: str = Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /\S*$")
    """`{object}`, `{id}` and the like are filled in, percent-encoded."""
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: object = None
    """A tree, sent as JSON: a text that is one blank and nothing else becomes the value itself. Or, with
    `media`, a text that is sent as it is."""
    media: str = "application/json"
    equals: object = None
    """Of `find` and `text`: one condition; `{any}` is where all of them go."""
    contains: object = None
    """The same for a field that only has to hold the value."""
    join: str = " OR "
    """Between conditions that are text."""
    prefix: str = ""
    """Stands before all but one of several conditions that are trees, in Polish notation."""
    whole: bool = False
    """Of `text`: what is held is found by whole words alone, and not by parts of them."""
    full: int = Field(default=0, ge=0)
    """Records after which an answer ends, though there may be more of them; 0: none does."""
    most: int = Field(default=50, ge=1)
    """Conditions that the CRM takes at once."""
    records: str = ""
    """JSONPath of the records in the answer; "" where none are looked at."""
    fields: str = ""
    """Where in a record its fields are; "": the record itself."""
    key: str = ""
    """JSONPath of the id in a record; "" takes the object's `key`."""
    more: str = ""
    """JSONPath of the address or cursor of the next page."""
    cursor: str = ""
    """Query parameter, or member of the body, for that cursor; "": it is an address."""
    counts: bool = False
    """Pages are counted: `cursor` is the parameter that holds the number, from 1, and `more` a mark that there
    is another."""
    called: str = ""
    """Of `past`: JSONPath, in a record, of what it was called, which is all that the CRM remembers of it, in a
    list with others."""
    session: bool = False
    """The CRM reads our credential in the body as well, where `{session}` stands."""
    ok: list[int] = Field(default_factory=lambda: [200, 201, 202, 204])
    absent: list[int] = Field(default_factory=list)
    """Statuses that say: there is no such record."""
    fault: str = ""
    """JSONPath of a member that is there only when the CRM refuses, for an API whose faults come as 200."""
    gone: str = ""
    """JSONPath, in a record, of a mark that it is deleted and still there."""
    alive: str = ""
    """JSONPath, in a record, of a mark that is false once it is deleted and still there."""
    version: str = ""
    """JSONPath, in a record, of a mark that is another one once the record was changed. A `write` that has
    `{version}` in a header gets it where the new value comes of the old one, else `*`."""
    changed: list[int] = Field(default_factory=list)
    """Of `write`: statuses that say that the record is of another version by now, or, with `*`, gone."""
    short: bool = False
    """What it shows of a record is not all that is asked for: each one is read by its id."""


class OfModel(Strict):
    """A way from a record to the one it belongs to."""

    object: str
    field: str = ""
    """Of this record, with the other one's id; "": the call `linked` tells."""
    text: str = "{id}"
    """How the field names the other record; Tryton writes `party.party,7`."""


class ErasedModel(Strict):
    """What becomes of the records of one object."""

    person: bool = False
    """The record is a person, and not something about one."""
    key: str = "id"
    """The field that is the record's id."""
    identifies: dict[str, Kind] = Field(default_factory=dict)
    """Fields that say who it is, derived copies among them: what they hold is looked for everywhere."""
    holds: dict[str, Kind] = Field(default_factory=dict)
    """Further fields in which such values may stand; they are looked into, and say nothing of who it is."""
    called: list[list[str]] = Field(default_factory=list)
    """Fields that together, with spaces between, are the person's name."""
    same: list[list[str]] = Field(default_factory=list)
    """Another record is the same person if all fields of one of these lists are alike."""
    of: list[OfModel] = Field(default_factory=list)
    """What it belongs to."""
    restored_with: list[OfModel] = Field(default_factory=list)
    """What the CRM deletes it with, and brings it back with when that is taken out of the recycle bin."""
    optional: bool = False
    """Not every installation of this CRM has it; the call `exists` tells."""
    free_text: list[str] = Field(default_factory=list)
    """Fields that may name anybody; what names the person is taken out of them."""
    shared: dict[str, str] = Field(default_factory=dict)
    """Fields in which the same value may be somebody else's, and why it stays: it is listed, and not touched."""
    then: Literal["delete", "overwrite", "scrub", "leave"] = "delete"
    or_else: Literal["", "overwrite"] = ""
    """What is done when the CRM does not let the record be deleted."""
    mentions: Literal["", "scrub", "delete"] = ""
    """What is done to records of others whose texts name the person; always `scrub` with `then: scrub`. Deleted
    are those of which the CRM lets nobody change the text."""
    purge: bool = False
    """Deleting leaves it in a recycle bin, or what its fields were in a history, which is cleared of it."""
    blank: dict[str, object] = Field(default_factory=dict)
    """Field -> what is written over it, where the record stays; `{id}` is the record's, for a field that has to
    be unique."""
    unlock: dict[str, object] = Field(default_factory=dict)
    """Written first where the CRM does not let the record be written over as it is."""
    closed: dict[str, list[str]] = Field(default_factory=dict)
    """Field -> what it says where the CRM lets nobody change the texts, nor delete it; plans say so."""
    lingers: bool = False
    """Deleting keeps it for a while, and nobody can end that: it is written over first."""
    inside: dict[str, str] = Field(default_factory=dict)
    """Field -> member of the record in which it stands, read and written."""
    words: dict[str, str] = Field(default_factory=dict)
    """Further blanks of the calls, for this object: what the CRM calls it elsewhere."""
    calls: dict[Uses, CallModel] = Field(default_factory=dict)
    """Calls that are other ones for this object."""
    cascades: bool = False
    """The CRM deletes it along with what it belongs to."""


class DelaysModel(Strict):
    """How long the CRM may take until what was deleted is gone everywhere."""

    visible_hours: int = Field(default=0, ge=0)
    """Purged records may still be seen in reads that show deleted ones."""
    search_seconds: int = Field(default=0, ge=0)
    """The search may lag."""
    backups_days: int = Field(default=0, ge=0)
    """The vendor's own copies."""


class ErasureModel(Strict):
    """A whole playbook."""

    calls: dict[Uses, CallModel]
    objects: dict[str, ErasedModel]
    forms: list[Literal["first15"]] = Field(default_factory=list)
    """Further ways in which clients may write a record's id."""
    delays: DelaysModel = Field(default_factory=DelaysModel)
    residual: list[str] = Field(default_factory=list)
    """What nobody can look into through this API; it stands in every certificate."""
