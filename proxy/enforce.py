"""The first verb: one exchange, enforced from the client's request to the released answer.

Read `Gateway` from top to bottom; it is the whole story, and the numbers are those of the steps below.

    0  the data plane (addons/) makes a `Request` of what arrived           not here
    1  connector    which operation of the CRM is this, on which fields, used how?
    2  identity     who asks, and what for? every credential is taken off the request; where a CRM's clients
                    have theirs in the body, the body is read first
    3  subjects     whose data: record ids become pseudonyms
    4  policy       `decide`: pure and total; deny is where it starts
    5  transforms   what the client writes is checked against what it may have been shown
    6  ledger       `Requested` is durable before anything leaves
    7  the data plane forwards what we built (never what arrived)            not here
    8  the data plane makes a `Response` of the CRM's answer                 not here
    9  connector, policy and transforms again, on what came back:
       the request says what is asked, only the response says what is given
    10 ledger       `Disclosed` is durable before the answer's first byte
    11 the data plane releases what we built                                 not here

A body in rows (a route that declares `streams:`) takes the same steps in pieces, each of which goes on when its
entries are durable: `on_upload` and `on_piece` instead of 5 to 7, `on_answer` and `on_rows` instead of 9 to 11;
`proxy.streaming` judges the rows.

Whatever is raised between two steps ends the exchange with a refusal in the CRM's own error shape and an
entry in the ledger. There is no path on which bytes go on without step 6 or step 10 having returned.

Why one class and no pipeline of plug-ins: an order that can be configured can be configured wrongly, and a
reader must be able to see that nothing is left out.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from proxy.accounts import Accounts, people_in
from proxy.bars import Bars
from proxy.codec import Codec, codec_for, codec_named, decode_answer, undo_content_coding, unpacking
from proxy.columns import PageAt
from proxy.connectors import Asked, Opened, Route
from proxy.erasure.watched import Watching
from proxy.errors import ExchangeError, LychgateError, Refused, Unavailable, Undecodable, UpstreamFault
from proxy.exchange import Exchange, Forward, Rules
from proxy.groups import leave_out_small
from proxy.identity.headers import KEY_HEADER, WHO
from proxy.intercepts import Intercepts, Opens
from proxy.ledger import Appends
from proxy.message import Headers, Request, Response, Tree
from proxy.metrics import Counted, Metrics
from proxy.model import Declined, Disclosed, Entry, Failed, Requested
from proxy.policy.erasing import ErasureRule
from proxy.policy.judge import judge
from proxy.rates import Rates
from proxy.restricted import Restricted
from proxy.sealing import Steps, seal, unseal
from proxy.sentences import sentence
from proxy.streaming import WARNED, Download, Upload
from proxy.streaming.shown import shown as shown_rows
from proxy.streaming.written import written as written_rows
from proxy.subjects import Pseudonyms
from proxy.transforms import Redactions, Tally, apply_all
from proxy.vault.needs import Got, Known, Need, Opening, Returning
from proxy.withdrawals import withdrawing
from proxy.withheld import Hidden, restate, withhold
from proxy.writes import check_writes

LARGE: Final = 256 * 1024
"""Bytes of a body beyond which it is worked on aside: some milliseconds of work."""
LARGE_CODED: Final = 16 * 1024
"""The same for a body under a content-coding, of which nobody knows how large it gets."""


UNKNOWN: Final = "?"
"""Stands for the callers that have yet to say who they are; no principal is called so."""


@dataclass(frozen=True, slots=True)
class InRows:
    """The body of this request comes in rows: it is to be handed over in pieces, beginning with `on_upload`."""

    caller: str
    """Who asks, as a key to count by."""


class Credential(Protocol):
    """What the CRM is shown in place of, or as, the client's own credential."""

    @property
    def passthrough(self) -> bool:
        """Whether `authorization` holds the client's own credential for the CRM."""

    @property
    def traces(self) -> tuple[bytes, ...]:
        """How our own secret would look in an answer; a CRM that shows it is not passed on."""

    def fields(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return the header fields that authenticate us; raises Unavailable when there is no secret."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What of an answer may be released, once `entries` are durable."""

    response: Response
    entries: tuple[Entry, ...]
    count: Callable[[], None]
    """Counts it; to be called when it is released."""
    left: frozenset[str] | None = None
    """Whose records are in it; None: nobody looked, as nobody was restricted on the lane."""


class Aside(Protocol):
    """Does with large bodies, in another process, what `Gateway.understand` and `Gateway.show` do here."""

    async def understand(self, gateway: "Gateway", exchange: Exchange) -> tuple[Request, Requested]:
        """Do steps 1 to 5; raises what they raise, Unavailable when they did not end."""

    async def show(self, gateway: "Gateway", exchange: Exchange, response: Response) -> Shown:
        """Do steps 8 and 9; raises what they raise, Unavailable when they did not end."""


class Values(Protocol):
    """Where protected values are sealed and opened: the vault."""

    def settle(self, need: Need) -> Got:
        """Return what an exchange needs; blocks. Raises Refused, and Unavailable where keys cannot be used."""

    def recall(self, opening: Opening) -> Got | None:
        """Return the same if it is remembered, at once."""


class Brings(Protocol):
    """Says of records that a request brings back who is in them."""

    async def __call__(self, rules: Rules, records: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """Return (kind, value) of all in some records (object, id) that names somebody, as far as it matters.

        Raises:
            Refused: nobody can say, and it matters.
            Unavailable: the same, for the moment.
        """


class Withdrawals(Protocol):
    """Watches writes by which somebody may withdraw a consent."""

    async def begin(self, rules: Rules, records: tuple[tuple[str, str], ...]) -> Watching:
        """Return once it is durable that some records (object, id) are to be looked at.

        Raises:
            Unavailable: it cannot be written down; nothing may be sent.
        """

    async def over(self, watching: Watching, status: int) -> None:
        """Have them looked at now that the CRM has answered."""


async def _nobody(rules: Rules, records: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Be that where nobody has been erased."""
    return ()


@dataclass(frozen=True, slots=True)
class Ports:
    """What a gateway works with; everything that touches the world comes in here."""

    ledger: Appends
    metrics: Metrics
    pseudonyms: Pseudonyms
    credential: Credential
    new_id: Callable[[], str]
    clock: Callable[[], float]
    """Monotonic seconds."""
    restricted: Restricted = field(default_factory=Restricted)
    """Whose records nobody reads."""
    erased: Callable[[Iterable[tuple[str, str]]], str | None] = lambda values: None
    """(kind, value) pairs -> the case of somebody erased whom one of them names."""
    erased_at: Callable[[], int] = lambda: 0
    """-> when somebody was last erased on the lane, in seconds since the epoch, 0 = never; blocks."""
    returned: Callable[[str], None] = lambda case: None
    """Puts on the worklist that the person of a case would have been stored again; blocks."""
    opens: Opens | None = None
    """Opens a case where policy has one opened in place of a delete; None: such a delete is refused."""
    aside: Aside | None = None
    """Where large bodies are worked on; None: here, while everybody else waits."""
    vault: Values | None = None
    """None: no policy set protects anything."""
    brought: Brings = _nobody
    """Looks at records that a request brings back as they are."""
    withdrawals: Withdrawals | None = None
    """None: nobody looks whether a consent is withdrawn."""
    keyed: Executor | None = None
    """Whose threads ask the vault; None: those that everything else that waits has, too."""


class Gateway:
    """Enforces one lane. Every public coroutine answers; none raises, cancellation apart."""

    rates: Rates | None = None
    """How often each caller may ask; None = as often as it likes."""
    volume: Rates | None = None
    """How many records each caller may be shown; None = as many as policy lets it see."""

    def __init__(self, lane: str, rules: Rules, ports: Ports, *, body_limit: int, deadline: float) -> None:
        self.lane = lane
        self.rules = rules
        """Replaced as a whole by a reload; read once per exchange."""
        self._ports = ports
        self._accounts = Accounts(lane, ports.metrics, ports.pseudonyms)
        self._intercepts = Intercepts(lane, ports.opens, deadline)
        self.bars = Bars(
            lane, ports.restricted, ports.pseudonyms, ports.erased, ports.returned, erased_at=ports.erased_at
        )
        self._limit = body_limit
        self._deadline = deadline
        self._last_resort = _constant(503, "unavailable", "none")

    def forget(self) -> None:
        """Forget every identifier of a person or record that is remembered to save time."""
        self._ports.pseudonyms.forget()
        self.rules.connector.forget()

    # ---- what a data plane calls -------------------------------------------------------------------------

    async def on_head(self, request: Request) -> str | InRows | Response:
        """Return who asks, or what route or identity refuse before the body is received; that is in the ledger.

        Nothing is decided for good: `on_request` does both steps again. Where the body says who asks, the caller
        is `UNKNOWN`: all such bodies together may hold as much memory as one caller's.
        """
        exchange = Exchange(self._ports.new_id(), self.rules, self._ports.clock(), request=request)
        try:
            exchange.route = exchange.rules.connector.route(request)  # 1
            if exchange.route.keyed and not _says_who(request):
                return UNKNOWN
            exchange.stage = "identity"  # 2
            passthrough = self._ports.credential.passthrough
            caller = exchange.rules.identifier.identify(request, passthrough=passthrough).principal.id
            if self.rates is not None and not self.rates.allows(caller):
                raise Refused("too_many_requests", status=429)
            return InRows(caller) if exchange.route.streams == "request" else caller
        except BaseException as error:  # noqa: BLE001 - fail closed, whatever it is
            return await self._end(exchange, error, contacted=False)

    async def on_request(self, request: Request) -> Forward | Response:
        """Return permission to forward, or the refusal to answer with; either is in the ledger by then."""
        exchange = Exchange(self._ports.new_id(), self.rules, self._ports.clock(), request=request)
        try:
            async with asyncio.timeout(self._deadline):
                return await self._admit(exchange, request)
        except BaseException as error:  # noqa: BLE001 - fail closed, whatever it is
            return await self._end(exchange, error, contacted=False)

    async def on_response(self, forward: Forward, response: Response) -> Response:
        """Return what may be released of the CRM's answer; the disclosure is in the ledger by then."""
        exchange = forward.exchange
        try:
            async with asyncio.timeout(self._deadline):
                await self._have_looked_at(exchange, response.status)
                return await self._release(exchange, response)
        except BaseException as error:  # noqa: BLE001 - fail closed, whatever it is
            return await self._end(exchange, error, contacted=True)

    # ---- and for bodies in rows --------------------------------------------------------------------------

    async def on_upload(self, request: Request) -> Upload | Response:
        """Return what takes the pieces of the request's body, or the refusal to answer with.

        No permission is in that: nothing may be sent before `on_piece` has put it into the upload.
        """
        exchange = Exchange(self._ports.new_id(), self.rules, self._ports.clock(), request=request)
        try:
            return self._begin_upload(exchange, request)
        except BaseException as error:  # noqa: BLE001 - fail closed, whatever it is
            return await self._end(exchange, error, contacted=False)

    async def on_piece(self, upload: Upload, chunk: bytes, *, last: bool) -> bytes | Response:
        """Return what may be sent on by now, its intents in the ledger; or the refusal, and nothing more may be.

        As soon as `upload.forward` is there, it is the permission for the head; whoever has taken it owes an
        outcome.
        """
        try:
            async with asyncio.timeout(self._deadline):
                return await self._pass_on(upload, chunk, last=last)
        except BaseException as error:  # noqa: BLE001 - fail closed, whatever it is
            return await self._end(upload.exchange, error, contacted=upload.forward is not None)

    async def on_answer(self, forward: Forward, head: Response) -> Download | Response:
        """Return what takes the pieces of the CRM's answer to a request whose answer comes in rows, or the
        refusal.

        `head` is of an answer that succeeded, without a body.
        """
        try:
            return self._begin_download(forward, head)
        except BaseException as error:  # noqa: BLE001 - fail closed, whatever it is
            return await self._end(forward.exchange, error, contacted=True)

    async def on_rows(self, download: Download, chunk: bytes, *, last: bool) -> bytes | Response:
        """Return what may be released by now, its disclosure in the ledger; or the refusal, and nothing more
        may be.

        Where something was released before, the refusal cannot be said; the answer MUST then be cut off.
        """
        try:
            async with asyncio.timeout(self._deadline):
                return await self._let_out(download, chunk, last=last)
        except BaseException as error:  # noqa: BLE001 - fail closed, whatever it is
            return await self._end(download.exchange, error, contacted=True)

    async def on_failure(self, forward: Forward, reason: str, status: int = 502) -> Response:
        """Record that no answer will be released: the CRM is out of reach, or the client has gone."""
        forward.exchange.stage = "upstream"
        return await self._end(forward.exchange, UpstreamFault(reason, status=status), contacted=True)

    async def on_malformed(self, reason: str, status: int) -> Response:
        """Record and answer what the data plane could not even make a `Request` of (step 0)."""
        exchange = Exchange(self._ports.new_id(), self.rules, self._ports.clock(), stage="adapter")
        return await self._end(exchange, Undecodable(reason, status=status), contacted=False)

    def refuse(self, reason: str, status: int) -> Response:
        """Return a constant answer without touching anything that could fail."""
        return _constant(status, reason, "none")

    # ---- steps 1 to 6: may this go to the CRM? -----------------------------------------------------------

    async def _admit(self, exchange: Exchange, request: Request) -> Forward | Response:
        rules, ports = exchange.rules, self._ports
        exchange.stage = "connector"  # 1
        route = exchange.route = rules.connector.route(request)
        if route.keyed:
            request = self._with_key(route, request)
        clean = self._identify(exchange, request)
        if is_large(clean) and route.streams:  # rows are judged here, and so is what asks for them
            raise Undecodable("body_too_large", status=413)
        number = self.bars.number
        if ports.aside is not None and is_large(clean):
            built, entry = await ports.aside.understand(self, exchange)
        else:
            built, entry = await self.through(self.understand(exchange))
        exchange.stage = "policy"
        if exchange.asked is not None and exchange.asked.ordered is not None:
            await asyncio.to_thread(self.bars.refuse_stale, exchange.asked.ordered)
        if (rule := self._intercepts.rule(exchange, entry.operations)) is not None:
            return await self._take_over(exchange, rule)
        await self._watch(exchange)
        exchange.stage = "ledger"  # 6
        await ports.ledger.append(entry)
        exchange.stage = (
            "identity"  # somebody may have stopped the caller while a helper or the disk took its time
        )
        _refuse_frozen(exchange)
        exchange.barred = self.bars.refuse
        if self.bars.number != number:
            self.bars.refuse(exchange)
        exchange.stage = "upstream"  # 7
        ports.metrics.seconds(self.lane, "request").observe(ports.clock() - exchange.began)
        exchange.began = ports.clock()
        return Forward(exchange.id, built, exchange)

    async def _watch(self, exchange: Exchange) -> None:
        """Return once it is durable that a consent may be withdrawn by a request, if it may be."""
        withdrawals = self._ports.withdrawals
        if exchange.withdrawing and withdrawals is not None:
            exchange.stage = "subjects"
            exchange.watching = await withdrawals.begin(exchange.rules, exchange.withdrawing)

    async def _take_over(self, exchange: Exchange, rule: ErasureRule) -> Response:
        """Return what the client is told of a delete in whose place somebody is erased; it goes no further."""
        assert exchange.principal is not None
        by = self._ports.pseudonyms.credential(exchange.principal)
        if exchange.asked is None:  # it was large, and understood elsewhere
            await self.through(self.understand(exchange, again=True))
        taken = await self._intercepts.take_over(exchange, rule, by)
        answer = taken.answer
        if answer is None:
            assert taken.fault is not None
            answer = self._refusal(exchange, taken.fault)
        else:
            answer = replace(
                answer, headers=Headers((*answer.headers, *_our_headers(exchange.id, exchange.rules)))
            )
        fault = Refused("erasure_case", rule.id, status=answer.status)
        exchange.ended = True
        await self._ports.ledger.append(self._accounts.declined(exchange, fault))
        return replace(answer, headers=Headers((*answer.headers, *taken.headers)))

    def _identify(self, exchange: Exchange, request: Request) -> Request:
        """Note who asks and what for; return the request without what says so."""
        exchange.stage = "identity"  # 2
        who = exchange.rules.identifier.identify(request, passthrough=self._ports.credential.passthrough)
        exchange.principal, exchange.purpose, exchange.clean = who.principal, who.purpose, who.request
        if self.rates is not None and not self.rates.take(who.principal.id):
            raise Refused("too_many_requests", status=429)
        return who.request

    def _with_key(self, route: Route, request: Request) -> Request:
        """Return a request that says in a header who calls, if it said so in its body and nowhere else.

        That is a body of anybody's, and so a large one is not read: its caller has to use a header.
        """
        if _says_who(request) or not request.body or is_large(request):
            return request
        body = undo_content_coding(request.headers, request.body, self._limit)
        codec = codec_for(request.headers.one("content-type"), route.request_media)
        key = route.key_in(codec.decode(body))
        return (
            request if key is None else replace(request, headers=Headers((*request.headers, (KEY_HEADER, key))))
        )

    async def through[T](self, steps: Steps[T]) -> T:
        """Return what steps come to; what they need of the vault is fetched by a thread."""
        try:
            need = next(steps)
            while True:
                need = steps.send(await self.settle(need))
        except StopIteration as end:
            result: T = end.value
            return result

    async def settle(self, need: Need) -> Got:
        """Return what an exchange needs of the vault.

        Raises:
            Unavailable: keys or store cannot be used; nothing was sent, or is released.
        """
        if isinstance(need, Returning):
            return await self._known(need)
        vault = self._ports.vault
        if vault is None:
            raise Unavailable("vault_missing")
        if isinstance(need, Opening) and (known := vault.recall(need)) is not None:
            return known
        # A key server that hangs keeps a thread for as long as it may: the others are for who needs no key.
        return await asyncio.get_running_loop().run_in_executor(self._ports.keyed, vault.settle, need)

    async def _known(self, need: Returning) -> Known:
        """Return who comes back, by what is written and by what the CRM has in records that come back."""
        known = await asyncio.to_thread(self.bars.known, need)
        if known.case is not None or not need.records:
            return known
        values = await self._ports.brought(self.rules, need.records)
        return await asyncio.to_thread(self.bars.known, Returning(values))

    def understand(self, exchange: Exchange, *, again: bool = False) -> Steps[tuple[Request, Requested]]:
        """Return what is sent and the intent to write down, for a caller who is known; waits for the vault only.

        Args:
            exchange: its route, caller and purpose are known.
            again: only to know how its answer is read; it was sent already, so nothing is sealed.
        """
        rules, ports, request = exchange.rules, self._ports, exchange.clean
        assert request is not None
        assert exchange.principal is not None
        assert exchange.purpose is not None
        exchange.stage = "connector"  # 1, the body
        route = exchange.route = exchange.route or rules.connector.route(request)
        codec, tree = self._read_request(route, request)
        recognised = route.recognise(request, tree, binding=self._binding(exchange), at=exchange.at)
        asked = exchange.asked = rules.connector.as_what_it_is(recognised)
        exchange.stage = "subjects"  # 3
        records = tuple(ports.pseudonyms.all("record", (key for op in asked.operations for key in op.records)))
        exchange.stage = "policy"  # 4
        exchange.ruling = judge(asked.operations, exchange.decide, rules.connector.catalogue, exchange.foresee)
        exchange.ruling.enforce()
        self.bars.refuse(exchange)
        exchange.stage = "transform"  # 5
        check_writes(exchange, asked.writes)
        if not again:
            yield from self.bars.refuse_return(exchange)
            yield from seal(exchange, asked)
        if hidden := exchange.hidden():
            self._accounts.count_hidden(exchange, hidden)
            asked.narrow(hidden)
        if wanted := self.bars.wanted(exchange):
            asked.gather(wanted)
        exchange.withdrawing = withdrawing(exchange)
        built = self._build_request(asked, request, codec)
        return built, self._accounts.requested(exchange, records)

    def _binding(self, exchange: Exchange) -> str:
        assert exchange.principal is not None
        assert exchange.purpose is not None
        return f"{self.lane}\n{exchange.principal.id}\n{exchange.purpose.name}"

    def _read_request(self, route: Route, request: Request) -> tuple[Codec | None, Tree]:
        """Return the codec and the tree of the request's body; a body nobody expects is refused."""
        if not request.body:
            if route.request_media:
                raise Undecodable("body_expected")
            return None, None
        if not route.request_media:
            raise Undecodable("body_unexpected")
        body = undo_content_coding(request.headers, request.body, self._limit)
        self._ports.metrics.bytes(self.lane, "request").observe(len(body))
        stated = request.headers.one("content-type")
        untyped = stated is None and route.untyped
        codec = codec_named(route.request_media) if untyped else codec_for(stated, route.request_media)
        return codec, codec.decode(body)

    def _build_request(self, asked: Asked, request: Request, codec: Codec | None) -> Request:
        """Build what is sent from what was understood; nothing the client wrote is copied."""
        path, _, query = asked.target.partition("?")
        tree, ours = asked.tree, self._ports.credential.fields(request)
        if asked.sign is not None:
            tree, ours = asked.sign(tree, ours)
        if asked.media:
            codec = codec_named(frozenset({asked.media}))
        body = codec.encode(tree) if codec is not None else b""
        fields = asked.headers + ours
        if codec is not None:
            fields += (("content-type", codec.content_type),)
        return Request(asked.method or request.method, path, query, Headers(fields), body)

    # ---- steps 9 and 10: what of the answer may be shown? ------------------------------------------------

    async def _have_looked_at(self, exchange: Exchange, status: int) -> None:
        """Have records looked at in which a consent may be withdrawn by now; if that fails, it is done later."""
        withdrawals = self._ports.withdrawals
        if exchange.watching is not None and withdrawals is not None:
            with contextlib.suppress(LychgateError):
                await withdrawals.over(exchange.watching, status)

    async def _release(self, exchange: Exchange, response: Response) -> Response:
        ports = self._ports
        ports.metrics.seconds(self.lane, "upstream").observe(ports.clock() - exchange.began)
        exchange.began = ports.clock()
        number = self.bars.number
        if ports.aside is not None and (exchange.asked is None or is_large(response)):
            shown = await ports.aside.show(self, exchange, response)
        else:
            shown = await self.through(self.show(exchange, response))
        exchange.stage = "identity"  # somebody may have stopped the caller since it asked
        _refuse_frozen(exchange)
        self._spend(
            exchange, max((each.records for each in shown.entries if isinstance(each, Disclosed)), default=0)
        )
        exchange.stage = "ledger"  # 10
        for entry in shown.entries:
            await ports.ledger.append(entry)
        if self.bars.number != number:  # an erasure has begun since we looked
            exchange.stage = "subjects"
            self.bars.again(shown.left, exchange)
        exchange.stage = "release"  # 11
        shown.count()
        ports.metrics.seconds(self.lane, "response").observe(ports.clock() - exchange.began)
        return shown.response

    def _spend(self, exchange: Exchange, records: int) -> None:
        """Count records that are about to be shown; raises Refused if the caller has had too many of late."""
        assert exchange.principal is not None
        if self.volume is not None and records and not self.volume.take(exchange.principal.id, records):
            raise Refused("too_many_records", status=429)

    def show(self, exchange: Exchange, response: Response) -> Steps[Shown]:
        """Return what may be released of the CRM's answer, and what is on record by then; waits for the vault.

        The tree of the body ends with this call: it is many times as large as its body, and nobody waits for the
        disk with one in hand.
        """
        asked, route = exchange.asked, exchange.route
        assert asked is not None
        assert route is not None
        exchange.stage = "upstream"  # 8
        # Protected values are turned back, and restricted people are looked for, record by record.
        at = None if exchange.protections or self.bars.stand else asked.page(response.status)
        codec, tree = self._read_response(route, response, at)
        exchange.stage = "connector"  # 9
        opened = asked.open(response.status, tree)
        exchange.stage = "subjects"
        catalogue = exchange.rules.connector.catalogue
        left = self.bars.drop(opened, exchange)
        exchange.stage = "policy"
        leave_out_small(exchange, opened)
        people = people_in(opened, catalogue, self._ports.pseudonyms)
        exchange.stage = "policy"
        assert exchange.principal is not None
        redactors = exchange.rules.redactors.of(exchange.principal.recipient.name)
        redactions = Redactions(exchange.decide, catalogue, redactors, exchange.decide_record)
        exchange.stage = "transform"
        fates = yield from unseal(exchange, opened, response.status, response.headers)
        tally = Tally()
        shown = apply_all(redactions, opened.records, catalogue, tally)
        alike = [redactions.apply_all(each, tally) for each in opened.alike]
        dead = withhold(opened, Hidden.of(opened, shown, alike))
        if opened.absent:
            return self._as_if_missing(exchange, opened, response, codec)
        restate(opened, lambda name: self.bars.stand or exchange.hides(name))
        if not all(told.cut(exchange.may) for told in opened.told):
            raise Refused("not_granted")
        if opened.tree is None:  # nothing of the body may be shown, whatever was in it
            codec = None
        elif opened.media:
            codec = codec_named(frozenset({opened.media}))
        elif codec is None:  # the CRM's error page was unreadable; ours is not
            codec = codec_named(route.response_media)
        body = b"" if codec is None else codec.encode(opened.tree)
        if any(trace in body for trace in self._ports.credential.traces):
            raise UpstreamFault("credential_echoed")
        headers = self._headers_back(exchange, asked, response, codec)
        if tally.warned() or exchange.ruling.warned:
            headers = Headers((*headers, WARNED))
        subjects = people.left(dead)
        entries = self._accounts.disclosed(exchange, response.status, opened, subjects, tally)
        moved = self._accounts.moved(exchange, fates, self._ports.new_id)
        pruned, size = opened.pruned, len(body)
        return Shown(
            Response(opened.status or response.status, headers, body),
            (*entries, *moved),
            lambda: self._accounts.count_release(tally, pruned, size, fates),
            left,
        )

    def _as_if_missing(
        self, exchange: Exchange, opened: Opened, response: Response, codec: Codec | None
    ) -> Shown:
        """Return what comes of the CRM's answer that there is no such record; the ledger says that there is one.

        Policy refuses beforehand whoever could be shown nothing of any record. So that nothing of this one may
        be shown follows from what it is, and it would tell that it exists.
        """
        asked, route = exchange.asked, exchange.route
        assert asked is not None
        assert route is not None
        fault = Refused("nothing_released", status=opened.status)
        if codec is None or opened.status >= 400:
            codec = codec_named(route.response_media)
        headers = self._headers_back(exchange, asked, response, codec)
        entry, stage = self._accounts.failed(exchange, fault), exchange.stage
        return Shown(
            Response(opened.status, headers, codec.encode(opened.tree)),
            (entry,),
            lambda: self._accounts.count_refusal(exchange, fault, stage),
        )

    def _read_response(self, route: Route, response: Response, at: PageAt | None) -> tuple[Codec | None, Tree]:
        """Return codec and tree of the CRM's answer; what cannot be read exactly is withheld."""
        try:
            stated = response.headers if route.coded else response.headers.without("content-encoding")
            body = undo_content_coding(stated, response.body, self._limit)
            if not body:
                return None, None
            codec = codec_for(response.headers.one("content-type"), route.response_media)
            return codec, decode_answer(codec, body, at)
        except Undecodable as error:
            if response.status >= 400:
                return None, None
            raise UpstreamFault(error.reason) from None

    def _headers_back(
        self, exchange: Exchange, asked: Asked, response: Response, codec: Codec | None
    ) -> Headers:
        fields = (*asked.headers_back(response.headers), *_our_headers(exchange.id, exchange.rules))
        if codec is not None:
            fields += (("content-type", codec.content_type),)
        return Headers(fields)

    # ---- the same, in pieces -----------------------------------------------------------------------------

    def _begin_upload(self, exchange: Exchange, request: Request) -> Upload:
        """Do steps 1 and 2 for a request whose body comes in rows; what they write is not known yet."""
        exchange.stage = "connector"  # 1
        route = exchange.route = exchange.rules.connector.route(request)
        clean = self._identify(exchange, request)  # 2
        exchange.stage = "subjects"
        self.bars.refuse_rows()
        exchange.stage = "connector"
        gunzip = unpacking(clean.headers)
        codec = codec_for(clean.headers.one("content-type"), route.request_media)
        asked = exchange.asked = route.recognise(clean, None, binding=self._binding(exchange))
        if asked.rowset is None or asked.sign is not None:
            raise Unavailable("rows_undeclared")
        return Upload(exchange, codec, written_rows(exchange, asked.rowset, codec), self._accounts, gunzip)

    async def _pass_on(self, upload: Upload, chunk: bytes, *, last: bool) -> bytes:
        """Do steps 3 to 6 for the rows of one piece."""
        exchange, ports = upload.exchange, self._ports
        exchange.stage = "subjects"
        self.bars.refuse_rows()
        exchange.stage = "transform"
        checked = upload.take(chunk, last=last)
        exchange.stage = "subjects"
        await self.through(self.bars.refuse_named(exchange, upload.named(), upload.back()))
        if not checked.entries and upload.forward is None:
            return b""
        exchange.stage = "ledger"  # 6
        for entry in checked.entries:
            await ports.ledger.append(entry)
        exchange.stage = "identity"
        _refuse_frozen(exchange)
        exchange.stage = "upstream"  # 7
        exchange.midway = not last
        if upload.forward is None:
            assert exchange.asked is not None
            assert exchange.clean is not None
            built = self._build_request(exchange.asked, exchange.clean, None)
            label = ("content-type", upload.codec.content_type)
            built = replace(built, headers=Headers((*built.headers, label)))
            upload.forward = Forward(exchange.id, built, exchange)
            ports.metrics.seconds(self.lane, "request").observe(ports.clock() - exchange.began)
            exchange.began = ports.clock()
        return checked.out

    def _begin_download(self, forward: Forward, head: Response) -> Download:
        """Do step 8 for an answer that comes in rows."""
        exchange, ports = forward.exchange, self._ports
        route, asked = exchange.route, exchange.asked
        assert route is not None
        assert asked is not None
        exchange.stage = "upstream"  # 8
        ports.metrics.seconds(self.lane, "upstream").observe(ports.clock() - exchange.began)
        exchange.began = ports.clock()
        if route.coded and any(name == "content-encoding" for name, _ in head.headers):
            raise UpstreamFault("stream_coded")
        try:
            codec = codec_for(head.headers.one("content-type"), route.response_media)
        except Undecodable as error:
            raise UpstreamFault(error.reason) from None
        exchange.stage = "subjects"
        self.bars.refuse_rows()
        exchange.stage = "connector"
        rows = shown_rows(exchange, codec, head.status)
        headers = self._headers_back(exchange, asked, head, codec)
        if exchange.ruling.warned:
            headers = Headers((*headers, WARNED))
        traces = self._ports.credential.traces
        return Download(forward, Response(head.status, headers), rows, self._accounts, traces)

    async def _let_out(self, download: Download, chunk: bytes, *, last: bool) -> bytes:
        """Do steps 9 to 11 for the rows of one piece."""
        exchange, ports = download.exchange, self._ports
        exchange.stage = "transform"  # 9
        piece = download.take(chunk, last=last)
        exchange.stage = "identity"
        _refuse_frozen(exchange)
        self._spend(exchange, sum(each.records for each in piece.entries))
        exchange.stage = "ledger"  # 10
        await asyncio.gather(*map(ports.ledger.append, piece.entries))
        exchange.stage = "subjects"
        self.bars.refuse_rows()
        exchange.stage = "release"  # 11
        self._accounts.count_rows(piece.batch.tally, piece.batch.pruned)
        if last:
            self._accounts.count_end(download.size)
            ports.metrics.seconds(self.lane, "response").observe(ports.clock() - exchange.began)
        return piece.out

    def elsewhere(self, rules: Rules, metrics: Metrics) -> "Gateway":
        """Return one that decides by the same, for a process that does no more than to decide."""
        # Nor with a vault: what it needs of protected values it asks us for, and keys stay here.
        ports = replace(self._ports, metrics=metrics, aside=None, vault=None)
        return Gateway(self.lane, rules, ports, body_limit=self._limit, deadline=self._deadline)

    def absorb(self, counted: Counted) -> None:
        """Count what such a process has counted."""
        self._ports.metrics.absorb(counted)

    def declined(self, exchange: Exchange, fault: ExchangeError) -> Declined:
        """Return what is to be written down of a request that is refused."""
        return self._accounts.declined(exchange, fault)

    # ---- the end of an exchange that was not released ----------------------------------------------------

    async def _end(self, exchange: Exchange, error: BaseException, *, contacted: bool) -> Response:
        """Record why the exchange ends here, once, and return the refusal; a real cancellation goes on."""
        fault, recorded = _as_fault(error), False
        try:
            if not exchange.ended:
                exchange.ended = True
                await self._record(exchange, fault, contacted=contacted)
            recorded = True
        except Exception:  # noqa: BLE001 - the ledger itself is what failed, or counting did
            fault = Unavailable("ledger_failed")
        if isinstance(error, (KeyboardInterrupt, SystemExit)) or _is_cancelled(error):
            if recorded:  # whoever cancelled it need not put it there a second time
                vars(error)["answer"] = self._refusal(exchange, fault)
            raise error
        error.__traceback__ = None  # its frames hold the exchange, and a ruling holds the error
        return self._refusal(exchange, fault)

    async def _record(self, exchange: Exchange, fault: ExchangeError, *, contacted: bool) -> None:
        self._accounts.count_refusal(exchange, fault)
        entry: Failed | Declined = exchange.declined or self._accounts.declined(exchange, fault)
        if contacted:
            entry = self._accounts.failed(exchange, fault)
        async with asyncio.timeout(self._deadline):
            await asyncio.shield(self._ports.ledger.append(entry))

    def _refusal(self, exchange: Exchange, fault: ExchangeError) -> Response:
        """Return the refusal in the CRM's own error shape, or a constant one if even that fails."""
        try:
            text = sentence(fault.reason, fault.status, fault.detail, midway=exchange.midway)
            request = exchange.request or Request("GET", "/")
            answer = exchange.rules.connector.refusal(request, fault.status, fault.reason, text, exchange.id)
            ours = _our_headers(exchange.id, exchange.rules)
            if fault.status == 429:
                ours += (("retry-after", "1"),)
            theirs = answer.headers.without(*(name for name, _ in ours))
            return replace(answer, headers=Headers((*theirs, *ours)))
        except Exception:  # noqa: BLE001 - fail closed
            return self._last_resort


def is_large(message: Request | Response) -> bool:
    """Say whether work on a body takes so long that others should not wait for it."""
    size = len(message.body)
    return size > LARGE or (
        size > LARGE_CODED and any(name == "content-encoding" for name, _ in message.headers)
    )


def _says_who(request: Request) -> bool:
    """Tell whether something beside the body says who asks, whether or not it is true."""
    return bool(request.peer.sans) or any(name in WHO for name, _ in request.headers)


_REASON: Final = re.compile(r"[a-z_]{1,40}")
"""How a data plane says why it cancels."""


def _as_fault(error: BaseException) -> ExchangeError:
    """Return what the ledger and the client are told; an error we did not raise says nothing of itself."""
    match error:
        case ExchangeError():
            return error
        case TimeoutError():
            return Unavailable("deadline")
        case asyncio.CancelledError(args=[str(reason)]) if _REASON.fullmatch(reason):
            return Unavailable(reason)
        case asyncio.CancelledError():
            return Unavailable("cancelled")
        case _:
            return Unavailable("internal_error")


def _is_cancelled(error: BaseException) -> bool:
    """Say whether this task is meant to end; a CancelledError from elsewhere is a fault like any other."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _refuse_frozen(exchange: Exchange) -> None:
    """Return if nobody has stopped the caller; raises Refused."""
    assert exchange.principal is not None
    exchange.rules.identifier.refuse_frozen(exchange.principal)


def _our_headers(decision: str, rules: Rules | None = None) -> tuple[tuple[str, str], ...]:
    ours = (("lychgate-decision", decision), ("cache-control", "no-store"))
    return (*ours, ("lychgate-policy", rules.policies.digest[7:19])) if rules else ours


def _constant(status: int, reason: str, decision: str) -> Response:
    """Return an answer made of constants (RFC 9457), for when no connector can speak."""
    text = sentence(reason, status)
    body = f'{{"title":"Refused by Lychgate","status":{status},"detail":"{text}"}}'.encode()
    return Response(
        status, Headers((("content-type", "application/problem+json"), *_our_headers(decision))), body
    )
