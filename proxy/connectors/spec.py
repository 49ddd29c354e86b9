"""The models of a `kind: Connector` document: what a person writes to describe one CRM's API.

`policies/connectors/*.yaml` are the examples. Every mapping from a JSONPath to a kind is a closed list: what
it does not name is refused in a request and pruned from an answer.
"""

from typing import Literal

from pydantic import Field

from proxy.connectors.endings import EndingModel
from proxy.connectors.erasespec import ErasureModel
from proxy.connectors.graphql.spec import GraphqlModel
from proxy.connectors.odata.spec import ODataModel
from proxy.connectors.odoo.spec import OdooModel
from proxy.connectors.rpcspec import RpcModel
from proxy.model import Action, Taken
from proxy.yamlfile import Strict

Category = str
Kind = str
"""`count`, `flag`, `time`, `name`, a name from `patterns`, or a kind with a meaning: see `shape.py`."""


class Metadata(Strict):
    """Who a document is."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    description: str = ""


class HeadersModel(Strict):
    """What of the headers crosses; a header that is not listed does not."""

    send: dict[str, str] = Field(default_factory=dict)
    """Name -> constant value, added to every request."""
    forward: dict[str, str] = Field(default_factory=dict)
    """Name -> pattern; sent on when the client's value matches, dropped otherwise."""
    refuse: list[str] = Field(default_factory=list)
    """A request that carries one is refused: it changes what the CRM answers."""
    in_query: list[str] = Field(default_factory=list)
    """Query parameters in which clients of this CRM put a credential: refused, as URLs are written down."""
    back: list[str] = Field(default_factory=list)
    """Headers of the answer; released when their value is a short run of digits."""
    answer: dict[str, str] = Field(default_factory=dict)
    """Name -> pattern; headers of the answer that are released when their value matches as a whole."""


class ShortModel(Strict):
    """A record in short, in place of the field that links it."""

    object: str
    id: str = "id"
    """Member of it that holds what the field holds elsewhere."""
    written: bool = False
    """Whether writes name the record so as well, by this member and nothing else."""


class RecordModel(Strict):
    """How one record looks in an answer."""

    object: str | None = None
    """JSONPath of the member that names the record's object; None: the route knows."""
    structure: dict[str, list[str]] = Field(default_factory=dict)
    """Member that holds structure -> what is kept of it; never part of a write."""
    key: list[str] = Field(default_factory=list)
    """JSONPaths of the CRM's id of the record, best first; a path's last segment counts."""
    fields: str | None = None
    """JSONPath of the member that holds the fields; None: the record does itself."""
    outer: dict[str, str] = Field(default_factory=dict)
    """With `fields`: member beside it -> the field it shows."""
    cells: str = ""
    """With `fields`: member of each of them that holds its value; "" where each of them is its value."""
    history: str = ""
    """With `fields`: member that holds earlier values, each with its `value`: of each cell, or of the record,
    by field."""
    beside: dict[str, Kind] = Field(default_factory=dict)
    """With `cells` or `history`: member beside a value -> what it may be; any other is pruned."""
    links: str = ""
    """With `fields`: member of the record that holds what it is linked to, by object."""
    many: str = ""
    """Without `fields`: where a field has a list of values, each with `beside`, the member that holds one."""
    more: list[str] = Field(default_factory=list)
    """Without `fields`: members that hold further fields of the record."""
    short: dict[str, ShortModel] = Field(default_factory=dict)
    """Without `fields`: field that links a record -> how that stands in its place, in short."""


class ParameterModel(Strict):
    """A query parameter that does more than its value says."""

    kind: Kind
    filter: str = ""
    """Field by which the CRM chooses records when this is sent."""
    sort: str = ""
    """Field by which it sorts them."""
    idle: str = ""
    """Name of a pattern: what matches it chooses and sorts nothing."""
    next: str = ""
    """JSONPath of the place in the answer where the CRM says what to send here for the next page: it is sealed
    there, and opened here. The kind is what a sealed one looks like."""


class LinksModel(Strict):
    """Records that are linked with one another, and which field says so, whichever end is asked."""

    ids: list[str]
    """Members of an entry that hold the id of the other end."""
    beside: dict[str, Kind] = Field(default_factory=dict)
    """Member beside it -> what it may be."""
    between: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Object -> other object -> field of the first that is the link between them."""


class CellsModel(Strict):
    """What the CRM takes cells of CSV for that it is sent."""

    null: str = ""
    """The text that empties a field."""
    absent: str | None = None
    """The text that leaves a field as it is; None: there is none."""
    keys: list[str] = Field(default_factory=list)
    """Columns that say which record a row is about, and write nothing."""


class RouteModel(Strict):
    """One operation of the API."""

    match: str = Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /\S*$")
    """Method and path; `[/]` at its end stands for a slash that may be there or not."""
    refuse: str = ""
    """Why this operation, which is known, is refused: a word of `proxy.sentences`; "" where it is read."""
    because: str = ""
    """The same for whoever reads the table of what is covered."""
    grammar: str = "record"
    """What reads the requests: an entry of `table.py`."""
    action: Action = Action.READ
    """Of the operation; a grammar that finds it in the request ignores this."""
    object: str = ""
    """Object the route is about; "" when the path names it in `{object}` or the grammar finds it."""
    query: dict[str, Kind | ParameterModel] = Field(default_factory=dict)
    """Query parameters, by name: case matters, each at most once unless its kind is a list of names."""
    uses: dict[str, Action] = Field(default_factory=dict)
    """What the operation does to fields without naming them: `FIELD` of its object, or `OBJECT.FIELD`, with
    `{object}` for what the path names -> how; each must be allowed outright."""
    body: str = ""
    """Name of an entry of `bodies`; "" when a body is refused or the grammar reads it itself."""
    answer: str = ""
    """Name of an entry of `answers`; "" when the answer has no body."""
    absent: bool = False
    """The CRM answers 204, without a body, where there is no such record, and where a list would be empty. Of
    one record clients are told 404; a list of which nothing may be shown is answered as an empty one."""
    any_object: bool = False
    """Whether records of any listed object may be in the answer; each says what it is, and is judged as that."""
    record: str = ""
    """Name of an entry of `records`; "" when records look as `record` says."""
    also: list[Action] = Field(default_factory=list)
    """What else it does to the same records: a merge deletes one of two."""
    revives: bool = False
    """It brings back whoever is in the records that it names: out of a recycle bin, or into another record."""
    filters: list[str] = Field(default_factory=list)
    """Fields by which the path itself chooses records."""
    by: str = ""
    """With {key} in the path: field that it is a value of; "" when it is an id, or a parameter says so."""
    upserts: bool = False
    """An update that makes the record if nobody has the value it is named by."""
    field: str = ""
    """With `grammar: links`: field that is the link; "" when {object} and {other} in the path say."""
    layout: str = ""
    """With a grammar that knows several forms of one thing: which of them."""
    ends: str = ""
    """Name of an entry of `endings`: what its clients are told of records that go by it, where an erasure takes
    the place of the request; "": the CRM's own error."""
    media: list[str] | None = None
    """Codecs of the request body; None: those of the connector if `body` is set, else no body."""
    accept: str = ""
    """Sent as the header of this name in place of the connector's."""
    answers_in: list[str] | None = None
    """Codecs of the answer; None: those of the connector. Name `json` too where errors come in it."""
    streams: Literal["", "request", "response"] = ""
    """The body that comes in rows, of any number, and is handed on as it comes: in one of the codecs for CSV
    or in ndjson. It needs neither `body` nor `answer`."""
    cells: CellsModel = Field(default_factory=CellsModel)
    """With `streams: request`: what the cells of its rows mean."""


class DeniedModel(Strict):
    """An endpoint of the API that is known and has no route: whoever asks for it is refused."""

    match: str = Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE|ANY) /\S*$")
    because: str = Field(min_length=1)
    """For whoever reads the table of what is covered."""


class MediaModel(Strict):
    """Codecs, by name, in which this CRM's messages come."""

    request: list[str] = Field(default_factory=lambda: ["json"])
    response: list[str] = Field(default_factory=lambda: ["json"])
    untyped: bool = False
    """Whether a request body may come without a media type, as this CRM's own clients send it; it is then read
    in the route's one codec, and sent on with its type."""
    coding: Literal["stated", "none"] = "stated"
    """Content coding of the CRM's answers: what each states, or none whatever it states."""


class CopyModel(Strict):
    """What a field repeats of another record."""

    object: str
    field: str
    by: str
    """Field of the same record that holds the other one's id."""


class FieldModel(Strict):
    """One field."""

    category: Category = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")
    tags: list[str] = Field(default_factory=list)
    semantic: Literal["text", "email", "phone", "name", "address", "date", "iban", "number", "id", "url"] = (
        "text"
    )
    type: Literal["", "text", "number", "boolean", "date", "time"] = ""
    """What the CRM takes for a value; policy checks warn of masks that give something else."""
    length: int | Literal["unlimited"] | None = None
    """The most characters the CRM keeps."""
    copy_of: str | CopyModel | list[str | CopyModel] = Field(default_factory=list)
    """What it repeats: a field beside it, or of another record; of several, parts of each, or one of them."""


class SubjectModel(Strict):
    """The person behind a record."""

    key: str


class AttributeModel(Strict):
    """One thing that conditions may know of a record."""

    field: str
    """Member of the record that it is read from; it need not be among the object's fields."""
    type: str
    """string, bool, int, double, timestamp, or a list of them, `list<string>`; a text with `;` is a list."""
    optional: bool = False
    default: object = None
    """What an empty field means."""
    words: list[str] | None = None
    """Every text it can be; conditions that compare it with another are mistaken."""


class RelationModel(Strict):
    """A way to another object."""

    object: str
    via: str
    types: list[str] = Field(default_factory=list)
    """Further names the CRM may give a record on the other end."""


class ObjectModel(Strict):
    """One object; fields that are not listed are unclassified."""

    subject: SubjectModel | None = None
    aliases: list[str] = Field(default_factory=list)
    """Other names by which requests may call it."""
    fields: dict[str, FieldModel]
    attributes: dict[str, AttributeModel] = Field(default_factory=dict)
    """What conditions may know of a record, by the names they use."""
    unasked: list[str] = Field(default_factory=list)
    """Fields that the CRM answers with when a request names none; empty: all of them."""
    parents: dict[str, RelationModel] = Field(default_factory=dict)
    children: dict[str, RelationModel] = Field(default_factory=dict)
    searched: list[str] = Field(default_factory=list)
    searched_in: dict[str, list[str]] = Field(default_factory=dict)
    """Scope of a search, as the CRM calls it -> the fields it looks into."""
    deletes: dict[str, bool | int | str] = Field(default_factory=dict)
    """Field -> value: writing it takes the record away, as an archive flag does, and is a delete."""
    erases: list[str] = Field(default_factory=list)
    """Fields by which somebody is known: writing all of them empty is an erasure."""
    prefix: str = ""
    """What the ids of its records begin with, where a CRM tells objects by that."""


class MetadataModel(Strict):
    """A place in an answer that tells which objects or fields there are; what the caller has no use for goes."""

    at: str
    """JSONPath of a list, or of one member."""
    of: Literal["object", "field", "child"]
    """`child`: objects below the one that the answer is about, each by the field that links it."""
    name: str
    """Member of an item that holds its name; `*`: items stand under their names."""
    field: str = ""
    """With `child`: member that holds the name of the field."""
    flags: dict[str, Action] = Field(default_factory=dict)
    """Members that say whether something can be done -> what; false where the caller may not."""


class LackingModel(Strict):
    """How an answer about several records says that some of them are not there."""

    status: int
    errors: str
    """The member that holds errors, each an `item`."""
    count: str
    """The member that says how many errors there are."""
    code: str
    """The code of the error."""


class ErrorsModel(Strict):
    """How the CRM says no."""

    style: Literal["json", "rpc", "odoo", "salesforce", "suitecrm", "zoho"] = "json"
    """An entry of `table.py`."""
    shape: object = None
    """The body, with `{text}`, `{code}` and `{id}` where those go."""
    item: object = None
    """The same for an error inside a success, of kind `fault`."""
    item_code: str = ""
    """JSONPath of the error code in such a one."""
    lacking: LackingModel | None = None
    """How answers that have such errors say that a record is not there; None: it is merely left out."""
    done: list[str] = Field(default_factory=list)
    """Codes, at the same place, of an `outcome` that is no error."""
    kept: dict[str, Kind] = Field(default_factory=dict)
    """JSONPath -> kind of what of such an outcome is released."""
    code: str = ""
    """JSONPath of the error code in the CRM's own error bodies."""
    codes: dict[str, str] = Field(default_factory=dict)
    """Known code -> the constant text that replaces the CRM's."""
    statuses: dict[str, str] = Field(default_factory=dict)
    """HTTP status, `4xx` or `5xx` -> code where the CRM sent none we know, and for our own refusals."""


class ConnectorFile(Strict):
    """A whole document."""

    apiVersion: Literal["lychgate.dev/v1"]  # noqa: N815 - the key's name in the file
    kind: Literal["Connector"]
    metadata: Metadata
    names: Literal["exact", "any_case"] = "exact"
    """Whether the CRM minds upper and lower case in names of objects and fields."""
    takes: list[Taken] = Field(default_factory=list)
    """What the CRM is known to take, so that a token may be it; what is not said it is taken to refuse."""
    media: MediaModel = Field(default_factory=MediaModel)
    patterns: dict[str, str] = Field(default_factory=dict)
    """Name -> regular expression that a whole value must match, for path blanks and scalars."""
    values: list[str] = Field(default_factory=list)
    """Path blanks that hold values, which clients may percent-encode sign by sign."""
    headers: HeadersModel = Field(default_factory=HeadersModel)
    record: RecordModel = Field(default_factory=RecordModel)
    records: dict[str, RecordModel] = Field(default_factory=dict)
    """Name -> how records look on routes that say so."""
    links: LinksModel | None = None
    routes: list[RouteModel]
    denied: list[DeniedModel] = Field(default_factory=list)
    """What a person may look for among the routes and not find; nothing is refused for standing here."""
    bodies: dict[str, dict[str, Kind]] = Field(default_factory=dict)
    """Name -> JSONPath -> kind of every member a request body may have."""
    lists: dict[str, int] = Field(default_factory=dict)
    """JSONPath of a list in request bodies -> the most items that the CRM takes at once."""
    answers: dict[str, dict[str, Kind]] = Field(default_factory=dict)
    """Name -> JSONPath -> kind of every member an answer may have."""
    deleted: str = ""
    """The object whose fields are called like other objects: each stands for the deleted records of one."""
    endings: dict[str, EndingModel] = Field(default_factory=dict)
    """Name -> what whoever deletes records is told where an erasure takes the place of the delete."""
    describes: dict[str, list[MetadataModel]] = Field(default_factory=dict)
    """Name of an answer -> where it describes objects and fields."""
    errors: ErrorsModel
    rpc: RpcModel | None = None
    """For an API whose calls say in their body what they do."""
    odata: ODataModel | None = None
    """For an API that speaks OData 4."""
    graphql: GraphqlModel | None = None
    """For an API whose queries say which fields of which records they show."""
    odoo: OdooModel | None = None
    """For Odoo, whose calls say in their body what they do and who calls."""
    erasure: ErasureModel | None = None
    """How this CRM is asked to forget somebody; None: nobody can be erased here through Lychgate."""
    objects: dict[str, ObjectModel]
