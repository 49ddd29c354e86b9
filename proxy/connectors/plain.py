"""The grammar `record`: routes whose path, parameters and body are wholly described in YAML."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace

from proxy.connectors.asked import Answer
from proxy.connectors.describing import Descriptions, compile_descriptions
from proxy.connectors.envelope import Envelope, Nothing
from proxy.connectors.facts import Gathering, Wanted, fields_of
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.paths import EACH, compile_path
from proxy.connectors.shape import Shape, Visit
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import NAME, Hidden, ObjectWords
from proxy.errors import Gap, Refused, Undecodable
from proxy.message import Record, Tree
from proxy.model import DISCLOSING, Action, FieldUse, Operation


def select(text: str) -> list[str]:
    """Return the names in a comma-separated list of fields.

    Raises:
        Gap: something in it is not a name.
    """
    found = text.split(",")
    if not all(NAME.fullmatch(name) for name in found):
        raise Gap("construct", "not_a_field_name")
    return found


def keys(text: str, setting: Setting) -> list[str]:
    """Return the ids in a comma-separated list of records.

    Raises:
        Gap: something in it is no id.
    """
    found = text.split(",")
    if not all(map(setting.rows.id.fullmatch, found)):
        raise Gap("construct", "unknown_value")
    return found


class Uses:
    """Collects what a request does with fields and records, each once, in order of appearance."""

    def __init__(self, words: ObjectWords, action: Action) -> None:
        self.words = words
        self.action = action
        self.records: list[str] = []
        self.writes: list[Record] = []
        self._uses: dict[FieldUse, None] = {}

    def add(self, name: str, action: Action | None = None) -> str:
        """Note the use of a field and return its name as it is to be sent."""
        listed = self.words.listed(name)
        self._uses[FieldUse(self.words.name, listed, action or self.action)] = None
        return self.words.spelled(name)

    def operation(self) -> Operation:
        """Return the whole as one operation."""
        return Operation(self.action, self.words.name, tuple(self._uses), tuple(self.records))


@dataclass(frozen=True, slots=True)
class Plain:
    """Reads one declared route."""

    setting: Setting
    action: Action
    object: ObjectWords | None
    """None: the path names it."""
    selects: frozenset[str]
    """Query parameters that list fields."""
    keys: frozenset[str]
    """Query parameters that list ids of records."""
    body: Shape | None
    answer: Shape | None
    selected: tuple[str, ...] = ()
    """Members of the body that list fields."""
    describes: tuple[Descriptions, ...] = ()
    """Where the answer describes objects and fields."""
    mixed: frozenset[str] = frozenset()
    """Objects whose records may be in the answer; each is then judged as one of a list."""

    def read(self, asking: Asking) -> Reading:
        """Return what the request does; see `Grammar.read`."""
        words = self.object or self.setting.words.object(asking.params["object"])
        uses = Uses(words, self.action)
        if "id" in asking.params:
            uses.records.append(asking.params["id"])
        query = tuple(self._parameter(uses, name, values) for name, values in asking.query.items())
        tree = None if self.body is None else self.body.read(asking.tree, visits(uses, self.setting))
        reading = Reading(
            operations=(uses.operation(),),
            answer=answer(
                self.setting, self.answer, words, self.action, describes=self.describes, mixed=self.mixed
            ),
            params=canonical(asking.params, words),
            query=query,
            tree=tree,
            writes=tuple(uses.writes),
        )
        return self._adaptable(reading, words)

    def _adaptable(self, reading: Reading, words: ObjectWords) -> Reading:
        """Return the request with ways to ask for less or more than it does."""

        def narrow(hidden: Hidden) -> Reading:
            less = self._selecting(reading, lambda given: remaining(words, hidden, given))
            return self._adaptable(less, words)

        def widen(wanted: Wanted) -> Reading:
            added: set[str] = set()

            def more(given: Tree) -> list[str]:
                names, new = selecting(words, wanted, given)
                added.update(new)
                return names

            wider = self._selecting(reading, more)
            return replace(wider, answer=gathering(reading.answer, wanted, frozenset(added)))

        # A copy, since these hold on to `reading`: it must not hold on to them as well.
        return replace(reading, narrow=narrow, widen=widen)

    def _selecting(self, reading: Reading, choose: Callable[[Tree], list[str]]) -> Reading:
        """Return the request with other fields selected: what `choose` makes of a list, if that is any."""
        query, tree = reading.query, reading.tree
        for name in sorted(self.selects):
            given = dict(query).get(name)
            if names := choose(None if given is None else given.split(",")):
                query = (*(pair for pair in query if pair[0] != name), (name, ",".join(names)))
        for member in self.selected:
            if isinstance(tree, dict) and (names := choose(tree.get(member))):
                tree = {**tree, member: names}
        return replace(reading, query=query, tree=tree)

    def _parameter(self, uses: Uses, name: str, values: tuple[str, ...]) -> tuple[str, str]:
        if name in self.keys:
            uses.records += keys(values[0], self.setting)
        if name not in self.selects:
            return name, values[0]
        return name, ",".join(uses.add(each) for value in values for each in select(value))


def answer(
    setting: Setting,
    shape: Shape | None,
    words: ObjectWords,
    action: Action,
    *,
    describes: tuple[Descriptions, ...] = (),
    mixed: frozenset[str] = frozenset(),
) -> Answer:
    """Return how the answer to a request about `words` is read.

    A record that comes back from a write is shown, so it is judged as one that was read.
    """
    shown = Action.LIST if mixed else action if action in DISCLOSING else Action.READ
    if shape is None:
        return Nothing()
    return Envelope(shape, setting.rows, words, shown, faults=setting.mishaps, describes=describes, mixed=mixed)


def selecting(words: ObjectWords, wanted: Wanted, given: object) -> tuple[list[str], frozenset[str]]:
    """Return the fields to ask for so that facts can be had, and those among them that only we ask for.

    Args:
        words: the object that is selected from.
        wanted: the facts that conditions look at.
        given: the list that the client sent; None, or empty, where the CRM chooses.

    Nothing is added where the CRM answers with every field unless it is told otherwise.
    """
    named = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
    asked = named or list(words.unasked)
    if not asked:
        return [], frozenset()
    more = [name for name in fields_of(words.spec, wanted.get(words.name, ())) if name not in asked]
    return [*asked, *more] if more else [], frozenset(more)


def remaining(words: ObjectWords, hidden: Hidden, given: Tree) -> list[str]:
    """Return the fields of a list that may be asked for; none where the client sent none.

    Raises:
        Refused: it sent some, and none of them remains.
    """
    named = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
    found = [name for name in named if (words.name, words.listed(name)) not in hidden]
    if named and not found:
        raise Refused("not_granted", words.name)
    return found


def gathering(read: Answer, wanted: Wanted, added: frozenset[str]) -> Answer:
    """Return how an answer is read so that its records come with facts."""
    return replace(read, gathering=Gathering(wanted, {(): added})) if isinstance(read, Envelope) else read


def canonical(params: Mapping[str, str], words: ObjectWords) -> Mapping[str, str]:
    """Return the blanks of the path with the object in the connector's spelling."""
    return {**params, "object": words.name} if "object" in params else params


def visits(uses: Uses, setting: Setting) -> Mapping[str, Visit]:
    """Return what a request body's meaningful places do to `uses`."""
    is_id = setting.rows.id.fullmatch

    def fields(tree: Tree) -> Tree:
        if not isinstance(tree, dict):
            raise Gap("construct", "unknown_value")
        written = members_of(tree, uses, setting.rows.structure)
        uses.writes.append(Record(uses.words.name, uses.action, written))
        return written

    def named(tree: Tree) -> Tree:
        if not isinstance(tree, str) or not NAME.fullmatch(tree):
            raise Gap("construct", "not_a_field_name")
        return uses.add(tree)

    def key(tree: Tree) -> Tree:
        if not isinstance(tree, str) or not is_id(tree):
            raise Gap("construct", "unknown_value")
        uses.records.append(tree)
        return tree

    return {"fields": fields, "select": named, "key": key}


def members_of(
    tree: Mapping[str, Tree], uses: Uses, leave_out: Container[str], *also: Action
) -> dict[str, Tree]:
    """Return the fields that a record writes, in the connector's spelling, with each noted as written.

    Args:
        tree: one record of a request.
        uses: collects what is written, for its action and for those of `also`.
        leave_out: members that are no fields.
        also: further actions.

    Raises:
        Gap: a value that is none, or a member whose name is none.
        Undecodable: one field under two names.
    """
    written: dict[str, Tree] = {}
    for name, value in tree.items():
        if name in leave_out:
            continue
        if isinstance(value, dict | list):
            raise Gap("construct", "nested_value")
        if not NAME.fullmatch(name):
            raise Gap("construct", "not_a_field_name")
        spelled = uses.add(name)
        for action in also:
            uses.add(name, action)
        if spelled in written:
            raise Undecodable("repeated_field")
        written[spelled] = value
    return written


def compile_plain(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of one declared route; raises ValueError where the route is wrong."""
    if not route.object and "/{object}" not in route.match:
        raise ValueError("names no object: write object: or put {object} into the path")
    if route.object and route.object not in setting.words.objects:
        raise ValueError(f'is about "{route.object}", which is not among the objects')
    return Plain(
        setting,
        route.action,
        setting.words.objects[route.object] if route.object else None,
        frozenset(name for name, kind in route.query.items() if kind == "select"),
        frozenset(name for name, kind in route.query.items() if kind == "keys"),
        setting.bodies[route.body] if route.body else None,
        setting.answers[route.answer] if route.answer else None,
        tuple(
            steps[0]
            for path, kind in setting.file.bodies.get(route.body, {}).items()
            if kind == "select" and len(steps := compile_path(path)) == 2 and steps[0] and steps[1] is EACH
        ),
        compile_descriptions(setting.file, route.answer, setting.words),
        frozenset(setting.words.objects) if route.any_object else frozenset(),
    )
