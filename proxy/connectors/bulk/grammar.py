"""The grammar `bulk`: each step of a job is a route, and its `layout` says which step.

    open       a job is made              about      a job is looked at, closed or deleted
    upload     rows are written           outcomes   what became of them
    ask        a query is put (1.0)       found      what a query found
    batches    all batches of a job       batch      one of them
    parcels    ids of results (1.0)

What is asked of a job beside its rows is judged by what the route declares (`uses:`): who names a job has made
it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.asked import Answer, Opened, SignedBody
from proxy.connectors.bulk import infos
from proxy.connectors.bulk.jobs import QUERIES, WRITES, Job, Jobs
from proxy.connectors.bulk.results import Columns, Flat, Listed, Outcomes, Parcels
from proxy.connectors.bulk.uploads import BY_ID, NOTHING, Upload
from proxy.connectors.envelope import Envelope, Nothing
from proxy.connectors.facts import Gathering, Wanted
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.queries import Links, Soql, Understood
from proxy.connectors.rowset import Rowset
from proxy.connectors.soql.naming import meant
from proxy.connectors.soql.tree import Column, Path
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import NAME, Hidden
from proxy.errors import Gap, Undecodable
from proxy.message import Tree
from proxy.model import Action, FieldUse, Operation

ASYNC: Final = "/services/async/"
"""Below this is Bulk 1.0."""
_SESSION: Final = "x-sfdc-session"
_BEARER: Final = "Bearer "
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}", re.ASCII)
_STATES: Final = re.compile(r"UploadComplete|Aborted|Closed")
_OPENED: Final = {
    "1": frozenset({"operation", "object", "contentType", "concurrencyMode", "externalIdFieldName"}),
    "ingest": frozenset(
        {"operation", "object", "contentType", "columnDelimiter", "lineEnding", "externalIdFieldName"}
    ),
    "query": frozenset({"operation", "query", "contentType", "columnDelimiter", "lineEnding"}),
}
_ONLY: Final[Mapping[str, tuple[Tree, ...]]] = {
    "columnDelimiter": ("COMMA",),
    "lineEnding": ("LF", "CRLF"),
    "contentType": ("CSV", "JSON"),
    "concurrencyMode": ("Parallel", "Serial", 0, 1),
}


_FETCHING: Final = frozenset({"outcomes", "parcels", "found"})
"""What comes back was ordered before, and may hold people who were erased since."""
Put = Callable[[Understood, str], tuple[Tree, Answer]]


@dataclass(frozen=True, slots=True)
class Bulk:
    """Reads one step of a job."""

    setting: Setting
    jobs: Jobs
    step: str
    kind: str
    """`1`, `ingest` or `query`: which API, and of 2.0 which half."""
    soql: Soql

    def read(self, asking: Asking) -> Reading:
        """Return what the step does; see `Grammar.read`."""
        reading = _STEPS[self.step](self, asking)
        query = tuple((name, values[0]) for name, values in asking.query.items())
        speaks = self._job(asking).speaks if self.step != "open" else ""
        sign = _signer(speaks) if self.kind == "1" else None
        placed = _placed(reading, query, sign)
        return replace(placed, ordered=self._batch_of(asking).at) if self.step in _FETCHING else placed

    def _job(self, asking: Asking) -> Job:
        """Return the job that the path names."""
        name = "query_job" if "query_job" in asking.params else "job"
        return self.jobs.open(asking.params[name], asking.binding)

    def _params(self, asking: Asking, job: Job) -> dict[str, str]:
        name = "query_job" if "query_job" in asking.params else "job"
        return {**asking.params, name: job.id}

    # ---- a job, and what is said of it -------------------------------------------------------------------

    def open(self, asking: Asking) -> Reading:
        """Return that a job is made."""
        tree, xml = infos.unwrapped(asking.tree)
        for name, value in tree.items():
            if name not in _OPENED[self.kind]:
                raise Gap("construct", "unknown_member")
            if name in _ONLY and value not in _ONLY[name]:
                raise Gap("construct", "unknown_value")
        operation = infos.text_of(tree, "operation", _WORD)
        if operation in QUERIES and self.kind != "ingest":
            return self._query_opened(asking, tree, operation, xml=xml)
        if operation not in WRITES or self.kind == "query":
            raise Gap("construct", "unknown_value")
        words = self.setting.words.object(infos.text_of(tree, "object", NAME))
        job = Job("", operation, words.name, speaks="xml" if xml else "json", at=asking.at)
        sent: dict[str, Tree] = {**tree, "object": words.name}
        operations: tuple[Operation, ...] = ()
        if operation == "upsert":
            key = words.spelled(infos.text_of(tree, "externalIdFieldName", NAME))
            job, sent["externalIdFieldName"] = replace(job, key=key), key
            looked = FieldUse(words.name, words.listed(key), Action.FILTER)
            operations = (Operation(Action.READ, words.name, (looked,)),)
        elif WRITES[operation] in {Action.DELETE, Action.ERASE}:
            operations = (Operation(WRITES[operation], words.name),)
        return Reading(operations, self._made(job, asking), asking.params, tree=self._sent(sent, xml=xml))

    def _sent(self, tree: Mapping[str, Tree], *, xml: bool) -> Tree:
        """Return what is sent of what is said of a job; we write rows with one end, whatever the client does."""
        sent = {**tree, "lineEnding": "LF"} if "lineEnding" in tree else dict(tree)
        return {"jobInfo": sent} if xml else sent

    def _query_opened(self, asking: Asking, tree: Mapping[str, Tree], operation: str, *, xml: bool) -> Reading:
        """Return that a query is put, or, in 1.0, that a job is made for queries that are still to come."""
        speaks = "xml" if xml else "json"
        if self.kind == "1":
            words = self.setting.words.object(infos.text_of(tree, "object", NAME))
            job = Job("", operation, words.name, speaks="xml" if speaks == "xml" else "json", at=asking.at)
            sent = self._sent({**tree, "object": words.name}, xml=xml)
            return Reading((), self._made(job, asking), asking.params, tree=sent)
        text = tree.get("query")
        if not isinstance(text, str):
            raise Undecodable("query_missing")

        def put(understood: Understood, sent: str) -> tuple[Tree, Answer]:
            job = Job("", operation, query=understood.text, at=asking.at)
            return self._sent({**tree, "query": sent}, xml=xml), self._made(job, asking)

        return self._asked(text, asking, put, deleted=operation == "queryAll")

    def _asked(self, text: str, asking: Asking, put: Put, *, deleted: bool) -> Reading:
        """Return what a query does, and how to ask for less or more than it does.

        Args:
            text: the query.
            asking: the request.
            put: returns body and answer for what the caller may see, and for the text that is sent.
            deleted: whether it sees deleted rows, too.
        """
        understood = self.soql.understood(text, deleted=deleted)
        _check_flat(understood)

        def reading(now: Understood) -> Reading:
            tree, opening = put(now, now.text)

            def widen(wanted: Wanted) -> Reading:
                wider, _ = now.widened(wanted)
                more, answer = put(now, wider)
                return Reading(now.operations, answer, params, tree=more)

            def narrow(hidden: Hidden) -> Reading:
                return reading(now.without(hidden))

            return Reading(now.operations, opening, params, tree=tree, widen=widen, narrow=narrow)

        params = asking.params
        if "query_job" in params:
            params = self._params(asking, self._job(asking))
        return reading(understood)

    def about(self, asking: Asking) -> Reading:
        """Return that one's own job is looked at, closed or deleted."""
        job, tree = self._job(asking), asking.tree
        if tree is not None:
            said, xml = infos.unwrapped(tree)
            if said.keys() != {"state"}:
                raise Gap("construct", "unknown_member")
            infos.text_of(said, "state", _STATES)
            tree = self._sent(said, xml=xml)
        answer: Answer = Nothing() if asking.request.method == "DELETE" else self._made(job, asking)
        return Reading((), answer, self._params(asking, job), tree=tree)

    def _made(self, job: Job, asking: Asking) -> "About":
        def named(key: str) -> str:
            return self.jobs.seal(replace(job, id=self._id(key)), asking.binding)

        return About(named)

    def _id(self, key: str) -> str:
        return key if self.setting.rows.id.fullmatch(key) else ""

    def _batches(self, job: Job, asking: Asking) -> tuple[infos.Named, infos.Named]:
        """Return what names jobs and batches in an answer about one job."""

        def batch(key: str) -> str:
            if job.operation not in QUERIES:
                return self._id(key)
            return self.jobs.seal(replace(job, batch=self._id(key)), asking.binding)

        return (lambda _: asking.params.get("query_job") or asking.params["job"]), batch

    def batches(self, asking: Asking) -> Reading:
        """Return that batches of one's own job are looked at."""
        job = self._job(asking)
        if job.operation in QUERIES:
            raise Gap("construct", "batches_of_queries")  # what they asked for is not known here
        return Reading((), Batches(*self._batches(job, asking), many=True), self._params(asking, job))

    def batch(self, asking: Asking) -> Reading:
        """Return that one batch is looked at."""
        job = self._batch_of(asking)
        params = self._params(asking, job)
        if "query_batch" in params:
            params["query_batch"] = job.batch
        return Reading((), Batches(*self._batches(job, asking)), params)

    def _batch_of(self, asking: Asking) -> Job:
        """Return the job that the path names, or the batch of it, which says what was asked."""
        job = self._job(asking)
        if "query_batch" not in asking.params:
            return job
        batch = self.jobs.open(asking.params["query_batch"], asking.binding)
        if batch.id != job.id or not batch.batch:
            raise Undecodable("cursor")
        return batch

    # ---- rows ---------------------------------------------------------------------------------------------

    def upload(self, asking: Asking) -> Reading:
        """Return what rows write."""
        job = self._job(asking)
        if asking.tree is None:
            return self._taking(asking, job)
        upload = Upload(self.setting, job, self.setting.words.object(job.object))
        upload.take(asking.tree, csv=_is_csv(asking))
        answer: Answer = Nothing()
        if self.kind == "1":
            answer = Batches(*self._batches(job, asking))
        params = self._params(asking, job)
        writes = tuple(upload.writes)
        return Reading(tuple(upload.operations()), answer, params, tree=upload.rows, writes=writes)

    def _taking(self, asking: Asking, job: Job) -> Reading:
        """Return what rows write that are still to come."""
        words, action = self.setting.words.object(job.object), WRITES[job.operation]
        by_id = job.operation in BY_ID
        rowset = Rowset(
            words,
            action,
            keys=frozenset(steps[-1] for steps in self.setting.rows.keys if by_id),
            key_like=self.setting.rows.id if by_id else None,
            lookup=job.key if job.operation == "upsert" else "",
            more=(Action.CREATE,) if job.operation == "upsert" else (),
            absent="",
            null=NOTHING,
        )
        operations = (Operation(action, words.name),)
        return Reading(operations, Nothing(), self._params(asking, job), rowset=rowset)

    def ask(self, asking: Asking) -> Reading:
        """Return what a query does that is put as a batch."""
        job, tree = self._job(asking), asking.tree
        text = tree.get("value") if isinstance(tree, dict) else None
        if not isinstance(text, str):
            raise Undecodable("query_missing")

        def put(understood: Understood, sent: str) -> tuple[Tree, Answer]:
            asked = replace(job, query=understood.text, at=asking.at)
            return {"value": sent}, Batches(*self._batches(asked, asking))

        reading = self._asked(text, asking, put, deleted=job.deleted)
        if reading.operations[0].object != job.object:
            raise Undecodable("unexpected_object")
        return reading

    def outcomes(self, asking: Asking) -> Reading:
        """Return that it is asked what became of rows."""
        job = self._job(asking)
        words = self.setting.words.object(job.object)
        answer = Results(
            Outcomes(job, words, self.setting.mishaps, self.setting.rows.id, self.kind != "1"),
            Listed(job, words, self.setting.mishaps, self.setting.rows.id),
        )
        operation = Operation(Action.READ, words.name)
        return Reading((operation,), answer, self._params(asking, job))

    def parcels(self, asking: Asking) -> Reading:
        """Return that it is asked where the results of a query are."""
        job = self._batch_of(asking)
        params = {**self._params(asking, job), "query_batch": job.batch}
        return Reading((), Parcels(self.setting.rows.id), params)

    def found(self, asking: Asking) -> Reading:
        """Return what a query does whose results are asked for; it is judged again."""
        job = self._batch_of(asking)
        understood = self.soql.understood(job.query, deleted=job.deleted)
        _check_flat(understood)
        params = self._params(asking, job)
        if job.batch:
            params["query_batch"] = job.batch
        flat = Flat(self.setting.rows, understood.meaning.object, columns_of(understood, self.setting))

        def opening(gathering: Gathering | None = None) -> Answer:
            table = flat if gathering is None else replace(flat, gathering=gathering)
            listed = self.soql.opening(understood, asking)
            if gathering is not None and isinstance(listed, Envelope):
                listed = replace(listed, gathering=gathering)
            return Tables(table, listed)

        def widen(wanted: Wanted) -> Reading:
            # The job was made with these fields, and so the CRM sends them here as well.
            _, added = understood.widened(wanted)
            return Reading(understood.operations, opening(Gathering(wanted, added)), params)

        return Reading(understood.operations, opening(), params, widen=widen)


_STEPS: Final[Mapping[str, Callable[[Bulk, Asking], Reading]]] = {
    "open": Bulk.open,
    "about": Bulk.about,
    "upload": Bulk.upload,
    "ask": Bulk.ask,
    "batches": Bulk.batches,
    "batch": Bulk.batch,
    "outcomes": Bulk.outcomes,
    "parcels": Bulk.parcels,
    "found": Bulk.found,
}


@dataclass(frozen=True, slots=True)
class About:
    """The answer that says how a job is."""

    named: infos.Named

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return what is said of the job, by the caller's id for it."""
        opened = Opened(tree)
        opened.tree = infos.told(tree, opened, self.named)
        return opened


@dataclass(frozen=True, slots=True)
class Batches:
    """The answer that says how batches are."""

    job: infos.Named
    batch: infos.Named
    many: bool = False

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return what is said of the batches, by the caller's ids for them."""
        opened = Opened(tree)
        tell = infos.told_list if self.many else infos.told
        opened.tree = tell(tree, opened, self.job, self.batch)
        return opened


@dataclass(frozen=True, slots=True)
class Results:
    """What became of rows, as a table or in JSON."""

    table: Outcomes
    listed: Listed

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return it as it came."""
        rows = tree if isinstance(tree, list) else []
        in_json = any(isinstance(row, dict) and "errors" in row for row in rows)
        return self.listed.open(status, tree) if in_json else self.table.open(status, tree)


@dataclass(frozen=True, slots=True)
class Tables:
    """What a query found, as a table or in JSON."""

    table: Flat
    listed: Answer

    @property
    def rowset(self) -> Rowset:
        """What the rows of the table are."""
        table = self.table
        return Rowset(table.object, Action.LIST, table.columns, table.gathering)

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return it as it came."""
        rows = tree if isinstance(tree, list) else []
        if not any(isinstance(row, dict) and isinstance(row.get("attributes"), dict) for row in rows):
            return self.table.open(status, tree)
        opened = self.listed.open(status, {"records": tree, "done": True, "totalSize": len(rows)})
        assert isinstance(opened.tree, dict)
        opened.tree = opened.tree["records"]
        return opened


def columns_of(understood: Understood, setting: Setting) -> Columns:
    """Return what each column of a flat answer shows."""
    found: dict[str, tuple[str, str, Action]] = {}
    for column in understood.meaning.query.columns:
        assert isinstance(column, Column)
        assert isinstance(column.expression, Path)
        name, field = meant(column.expression, understood.meaning.object, setting.words)
        found[".".join(column.expression.hops)] = (name, field, Action.LIST)
    return found


def _check_flat(understood: Understood) -> None:
    """Refuse queries whose answer is no table of fields."""
    columns = understood.meaning.query.columns
    plain = all(isinstance(each, Column) and isinstance(each.expression, Path) for each in columns)
    if understood.meaning.columns is not None or not plain:
        raise Gap("construct", "soql_subquery")


def _is_csv(asking: Asking) -> bool:
    kind = asking.request.headers.one("content-type") or ""
    return kind.lower().startswith("text/csv")


Sign = Callable[[Tree, tuple[tuple[str, str], ...]], SignedBody]


def _signer(speaks: str) -> Sign:
    """Return what authenticates us as Bulk 1.0 reads it, and says how what it says is to be written."""

    def sign(tree: Tree, fields: tuple[tuple[str, str], ...]) -> SignedBody:
        ours = [value.removeprefix(_BEARER) for name, value in fields if name == "authorization"]
        more = tuple((_SESSION, value) for value in ours)
        if tree is None and speaks:
            more += (("content-type", f"application/{speaks}; charset=utf-8"),)
        return tree, (*fields, *more)

    return sign


def _placed(reading: Reading, query: tuple[tuple[str, str], ...], sign: Sign | None) -> Reading:
    """Return a reading with parameters and signature, in every form that it can be asked in."""
    narrow, widen = reading.narrow, reading.widen
    return replace(
        reading,
        query=query,
        sign=sign,
        narrow=None if narrow is None else lambda hidden: _placed(narrow(hidden), query, sign),
        widen=None if widen is None else lambda wanted: _placed(widen(wanted), query, sign),
    )


def compile_bulk(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of one step; raises ValueError where the route is wrong."""
    if route.layout not in _STEPS:
        raise ValueError(f"needs a layout for its grammar: one of {', '.join(sorted(_STEPS))}")
    if not route.uses and route.layout not in {"upload", "ask", "outcomes", "found"}:
        raise ValueError("needs uses for its grammar: what it is to look at a job")
    if "query" not in setting.answers:
        raise ValueError('needs an answer called "query" for its grammar')
    name = setting.file.metadata.name
    links = Links(None, f"{name} bulk\n", (), setting)
    reads = Soql(setting, links, setting.answers["query"])
    kind = "1" if ASYNC in route.match else "query" if "/jobs/query" in route.match else "ingest"
    return Bulk(setting, Jobs(setting.sealer, f"{name} job\n"), route.layout, kind, reads)
