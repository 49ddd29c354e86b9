"""The grammar `record`: routes whose path, parameters and body are wholly described in YAML."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from proxy.connectors.asked import Answer, Beside
from proxy.connectors.choices import SELECTS, Choice, choices, objects, select, selecting, shorter
from proxy.connectors.comparing import Looking
from proxy.connectors.describing import Descriptions, compile_descriptions
from proxy.connectors.envelope import Envelope, Nothing
from proxy.connectors.facts import Gathering, Wanted
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.rowset import ROWS, Rowset
from proxy.connectors.shape import ANSWERED, Shape, Visit
from proxy.connectors.spec import CellsModel, ParameterModel, RouteModel
from proxy.connectors.uses import Keys, Uses, ids, members_of
from proxy.connectors.words import CALLED, NAME, Hidden, ObjectWords
from proxy.errors import Gap, Undecodable
from proxy.message import Record, Tree
from proxy.model import DISCLOSING, Action, FieldUse


@dataclass(frozen=True, slots=True)
class Plain:
    """Reads one declared route."""

    setting: Setting
    route: RouteModel
    object: ObjectWords | None
    """None: the path names it."""
    choices: tuple[Choice, ...]
    body: Shape | None
    answer: Shape | None
    describes: tuple[Descriptions, ...] = ()
    """Where the answer describes objects and fields."""
    mixed: frozenset[str] = frozenset()
    """Objects whose records may be in the answer; each is then judged as one of a list."""
    rows: CellsModel | None = None
    """What the cells of the body mean, where it comes in rows."""

    def read(self, asking: Asking) -> Reading:
        """Return what the request does; see `Grammar.read`."""
        words = self.object or self.setting.words.object(asking.params["object"])
        route, uses, keys = self.route, Uses(words, self.route.action), Keys(self.setting.rows.id, self.route.by)
        if "id" in asking.params:
            uses.records.append(asking.params["id"])
        if "key" in asking.params:
            keys.add(asking.params["key"])
        for name in route.filters:
            uses.look(name)
        query = tuple(
            pair for name, values in asking.query.items() for pair in self._parameter(uses, keys, name, values)
        )
        tree = None if self.body is None else self.body.read(asking.tree, visits(uses, self.setting, keys))
        others = uses.looked()
        by = keys.settle(uses)
        made_by = by if route.upserts else ""
        written = (Record(words.name, Action.CREATE, {made_by: key}) for key in keys.found if made_by)
        if len(uses.records) == 1:
            for write in uses.writes:
                write.targets = (uses.records[0],)
        elif len(uses.records) == len(uses.writes):  # each body of a batch says which record it is for
            for write, record in zip(uses.writes, uses.records, strict=True):
                write.targets = (record,)
        reading = Reading(
            operations=uses.operations(route.also, made_by, revives=route.revives),
            answer=answer(
                self.setting,
                self.answer,
                words,
                route.action,
                describes=self.describes,
                mixed=self.mixed,
                asked=uses.beside,
            ),
            params=canonical(asking.params, words),
            query=query,
            tree=tree,
            writes=(*uses.writes, *written),
            rowset=self._rowset(words),
        )
        if route.absent and isinstance(reading.answer, Envelope):
            reading.answer = replace(reading.answer, missing=self.setting.faults)
        if by:

            def swap(looking: Looking) -> Reading:
                return self._swapped(reading, words, by, others, looking)

            return replace(self._adaptable(reading, words), swap=swap)
        return self._adaptable(reading, words)

    def _swapped(
        self, reading: Reading, words: ObjectWords, by: str, others: Iterable[FieldUse], looking: Looking
    ) -> Reading:
        """Return a request that names records by what the CRM has in place of values.

        The dicts that hold what is written stay the same ones: what is sealed is put into them.
        """
        for use in others:
            looking.other(use.object, use.field)
        field = words.listed(by)
        if self.route.upserts:
            looking.no_upsert(words.name, field)
        if self.route.upserts or not looking.guarded(words.name, field):
            return self._adaptable(reading, words)

        def key(tree: Tree) -> Tree:
            return looking.key(words.name, field, str(tree))

        params = reading.params
        if "key" in params:
            params = {**params, "key": looking.key(words.name, field, params["key"])}
        tree = reading.tree
        if self.body is not None:
            tree = self.body.read(tree, {**dict.fromkeys(self.body.kinds, _same), "key": key})
        return self._adaptable(replace(reading, params=params, tree=tree), words)

    def _rowset(self, words: ObjectWords) -> Rowset | None:
        cells = self.rows
        if cells is None:
            return None
        return Rowset(
            words,
            self.route.action,
            keys=frozenset(cells.keys),
            more=tuple(self.route.also),
            absent=cells.absent,
            null=cells.null,
        )

    def _adaptable(self, reading: Reading, words: ObjectWords) -> Reading:
        """Return the request with ways to ask for less or more than it does."""

        def narrow(hidden: Hidden) -> Reading:
            less = reading
            for choice in self.choices:

                def visible(name: str, choice: Choice = choice) -> bool:
                    return self._use(words, choice.kind, name) not in hidden

                less = shorter(less, choice, visible)
            return self._adaptable(less, words)

        def widen(wanted: Wanted) -> Reading:
            wider, added = reading, frozenset[str]()
            for choice in self.choices:
                if choice.kind in SELECTS:
                    names, new = selecting(words, wanted, choice.given(reading))
                    wider = choice.put(wider, names) if names else wider
                    added |= new
            return replace(wider, answer=gathering(reading.answer, wanted, added))

        # A copy, since these hold on to `reading`: it must not hold on to them as well.
        return replace(reading, narrow=narrow, widen=widen)

    def _use(self, words: ObjectWords, kind: str, name: str) -> tuple[str, str]:
        """Return the object and field that a name in a list stands for."""
        if kind != "links":
            return words.name, words.listed(name)
        return _link(self.setting, words, name)

    def _parameter(
        self, uses: Uses, keys: Keys, name: str, values: tuple[str, ...]
    ) -> tuple[tuple[str, str], ...]:
        kind, text = self.route.query[name], values[0]
        if isinstance(kind, ParameterModel):
            idle = self.setting.patterns[kind.idle].fullmatch(text) if kind.idle else None
            for field, action in ((kind.filter, Action.FILTER), (kind.sort, Action.SORT)):
                if field and idle is None:
                    uses.look(field, action)
        elif kind == "by":
            keys.named(text)
        elif kind == "keys":
            uses.records += ids(text, self.setting.rows.id)
        elif kind == "sort":
            text = ",".join(sorts(uses, text, self.setting))
        elif kind == "search":
            uses.look_for_text()
        elif choice := next((each for each in self.choices if each.member == name and not each.in_body), None):
            read = objects if kind == "links" else select
            names = [each for value in values for each in read(value)]
            return choice.pairs([self._add(uses, kind, each) for each in names])
        return ((name, text),)

    def _add(self, uses: Uses, kind: str, name: str) -> str:
        if kind == "history":
            uses.beside.past.add(name)
        if kind != "links":
            return uses.add(name)
        uses.add_far(*_link(self.setting, uses.words, name))
        other = self.setting.words.object(name).name
        uses.beside.linked.add(other)
        return other


def _same(tree: Tree) -> Tree:
    return tree


def answer(
    setting: Setting,
    shape: Shape | None,
    words: ObjectWords,
    action: Action,
    *,
    describes: tuple[Descriptions, ...] = (),
    mixed: frozenset[str] = frozenset(),
    asked: Beside | None = None,
) -> Answer:
    """Return how the answer to a request about `words` is read.

    A record that comes back from a write is shown, so it is judged as one that was read.
    """
    shown = Action.LIST if mixed else action if action in DISCLOSING else Action.READ
    if shape is None:
        return Nothing()
    return Envelope(
        shape,
        setting.rows,
        words,
        shown,
        faults=setting.mishaps,
        describes=describes,
        mixed=mixed,
        asked=asked or Beside(),
    )


def gathering(read: Answer, wanted: Wanted, added: frozenset[str]) -> Answer:
    """Return how an answer is read so that its records come with facts."""
    return replace(read, gathering=Gathering(wanted, {(): added})) if isinstance(read, Envelope) else read


def canonical(params: Mapping[str, str], words: ObjectWords) -> Mapping[str, str]:
    """Return the blanks of the path with the object in the connector's spelling."""
    return {**params, "object": words.name} if "object" in params else params


def visits(uses: Uses, setting: Setting, keys: Keys) -> Mapping[str, Visit]:
    """Return what a request body's meaningful places do to `uses`, and to `keys`, which the caller settles."""

    def fields(tree: Tree) -> Tree:
        if not isinstance(tree, dict):
            raise Gap("construct", "unknown_value")
        inside = setting.rows.sides.inside
        flat = {name: value for name, value in tree.items() if not isinstance(value, dict | list)}
        written = members_of(flat, uses, setting.rows.structure)
        record = Record(uses.words.name, uses.action, written)
        uses.writes.append(record)
        deep = {name: value for name, value in tree.items() if name not in flat}
        further = {
            uses.words.spelled(name): inside.read(uses, name, value)
            for name, value in deep.items()
            if name not in setting.rows.structure
        }
        if further.keys() & written.keys():
            raise Undecodable("repeated_field")
        written |= further
        record.keep = frozenset(further)  # looked at entry by entry
        return written

    pairs: dict[str, Tree] = {}
    live: dict[str, tuple[dict[str, Tree], str]] = {}

    def pair(tree: Tree) -> Tree:
        if not isinstance(tree, dict) or tree.keys() != {"property", "value"}:
            raise Gap("construct", "unknown_member")
        if not isinstance(tree["property"], str):
            raise Gap("construct", "not_a_field_name")
        found = members_of({tree["property"]: tree["value"]}, uses, ())
        if not pairs:
            uses.writes.append(Record(uses.words.name, uses.action, pairs, live=live))
        if found.keys() & pairs.keys():
            raise Undecodable("repeated_field")
        pairs.update(found)
        live.update((name, (tree, "value")) for name in found)
        return tree

    def named(tree: Tree) -> Tree:
        if not isinstance(tree, str) or not NAME.fullmatch(tree):
            raise Gap("construct", "not_a_field_name")
        return uses.add(tree)

    def past(tree: Tree) -> Tree:
        name = named(tree)
        uses.beside.past.add(str(name))
        return name

    def link(tree: Tree) -> Tree:
        if not isinstance(tree, str):
            raise Gap("construct", "not_an_object_name")
        uses.add_far(*_link(setting, uses.words, tree))
        uses.beside.linked.add(setting.words.spelled(tree))
        return tree

    return {
        "fields": fields,
        "pair": pair,
        "select": named,
        "history": past,
        "links": link,
        "key": keys.add,
        "by": keys.named,
    }


def sorts(uses: Uses, text: str, setting: Setting) -> list[str]:
    """Return the fields of a list that the CRM sorts by, each with its direction, and note them.

    Of a link that stands in records as another in short, what that one is called is noted as well: whether it is
    sorted by that or by its id, no API says.

    Raises:
        Gap: something in it is no name, or no direction.
    """
    found = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(" ")
        if not NAME.fullmatch(name) or direction.lower() not in {"", "asc", "desc"}:
            raise Gap("construct", "not_a_field_name")
        spelled = uses.look(name, Action.SORT)
        if (short := setting.rows.sides.inside.short.get(spelled)) is not None:
            far = setting.words.objects[short[0]]
            uses.look_far(far.name, far.listed(CALLED), Action.SORT)
        found.append(f"{spelled} {direction}" if direction else spelled)
    return found


def _link(setting: Setting, words: ObjectWords, other: str) -> tuple[str, str]:
    """Return the object and field that is the link between two objects; raises Gap where there is none."""
    if setting.links is None:
        raise Gap("construct", "unknown_link")
    return setting.links.field(words.name, setting.words.object(other).name)


def compile_plain(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of one declared route; raises ValueError where the route is wrong."""
    if not route.object and "/{object}" not in route.match:
        raise ValueError("names no object: write object: or put {object} into the path")
    if route.object and route.object not in setting.words.objects:
        raise ValueError(f'is about "{route.object}", which is not among the objects')
    about = [setting.words.objects[route.object]] if route.object else []
    named = [
        each
        for kind in route.query.values()
        if isinstance(kind, ParameterModel)
        for each in (kind.filter, kind.sort)
    ]
    for name in (*route.filters, route.by, *named):
        if name and any(name not in words.spec.fields for words in about or setting.words.objects.values()):
            raise ValueError(f'chooses records by "{name}", which is not a field of every object it is about')
    return Plain(
        setting,
        route,
        about[0] if about else None,
        choices(route, setting),
        setting.bodies[route.body] if route.body else None,
        _answer_shape(route, setting),
        compile_descriptions(setting.file, route.answer, setting.words),
        frozenset(setting.words.objects) if route.any_object else frozenset(),
        route.cells if route.streams == "request" else None,
    )


def _answer_shape(route: RouteModel, setting: Setting) -> Shape | None:
    if route.streams == "response":
        return Shape({ROWS: "record"}, ANSWERED, setting.patterns)
    return setting.answers[route.answer] if route.answer else None
