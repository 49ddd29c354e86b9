"""The grammar `lookup`: one record, named by what stands in one of its fields.

`sobjects/Contact/Email/a@example.org` asks whether somebody has that address before it shows anything. So it is
a filter on the field, judged as one, beside what is then done to the record. The value in the path may be
somebody's, and so is never taken for an id. An upsert may store it, and there it is checked as what is written.
"""

from dataclasses import dataclass, replace

from proxy.connectors.comparing import Looking
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.plain import Plain, compile_plain
from proxy.connectors.spec import RouteModel
from proxy.message import Record, Tree
from proxy.model import Action, FieldUse, Operation


@dataclass(frozen=True, slots=True)
class Lookup:
    """Reads one declared route with `{field}` and `{value}` in its path."""

    setting: Setting
    plain: Plain

    def read(self, asking: Asking) -> Reading:
        """Return what the request does to the record, and that it looks for it; see `Grammar.read`."""
        words = self.plain.object or self.setting.words.object(asking.params["object"])
        name = asking.params["field"]
        found = FieldUse(words.name, words.listed(name), Action.FILTER)
        params = {**asking.params, "field": words.spelled(name)}
        reading = self.plain.read(replace(asking, params=params))
        main = reading.operations[0]
        made: tuple[Operation, ...] = ()
        writes = reading.writes
        if main.action is Action.UPDATE:  # where nobody has the value, the CRM makes a new record
            first = FieldUse(words.name, found.field, Action.CREATE)
            uses = dict.fromkeys((first, *(replace(use, action=Action.CREATE) for use in main.uses)))
            made = (Operation(Action.CREATE, words.name, tuple(uses)),)
            value: Tree = asking.params["value"]
            writes += (Record(words.name, Action.CREATE, {params["field"]: value}),)
        looked = Operation(Action.READ, words.name, (found,))
        whole = replace(reading, operations=(main, *made, looked), writes=writes)

        def swap(looking: Looking) -> Reading:
            if made:
                looking.no_upsert(words.name, found.field)
                return whole
            value = looking.key(words.name, found.field, asking.params["value"])
            # There is no body: what is not an upsert reads or deletes.
            return self.plain.read(replace(asking, params={**params, "value": value}))

        whole.swap = swap
        return whole


def compile_lookup(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that names a record by a field; raises ValueError where it is wrong."""
    if "/{field}/{value}" not in route.match:
        raise ValueError("must have /{field}/{value} in its path for its grammar")
    plain = compile_plain(route, setting)
    assert isinstance(plain, Plain)
    return Lookup(setting, plain)
