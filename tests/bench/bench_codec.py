"""What reading, redacting and writing one body costs, beside orjson, which checks nothing.

Run `python tests/bench/bench_codec.py`. Times are thread CPU, the least of several repeats: compare them
within one run only. `shape` is a page of records as Salesforce and HubSpot write them, a price in each.
"""

import json
import random
import time
from collections.abc import Callable

import orjson

from proxy.codec.json_text import JsonText
from proxy.message import Record
from proxy.model import Action, Decision, Effect, FieldSpec, Mask, ObjectSpec, Outcome
from proxy.transforms import Redactions, Redactors, Tally

CUSTOM = 20
FIELDS = {
    "Id": FieldSpec("system.operations", semantic="id"),
    "Name": FieldSpec("user.name", semantic="name"),
    "Email": FieldSpec("user.contact.email", semantic="email"),
    "Phone": FieldSpec("user.contact.phone_number", semantic="phone"),
    "Birthdate": FieldSpec("user.demographic.date_of_birth", semantic="date"),
    "Amount": FieldSpec("system.operations", semantic="number"),
    "Active": FieldSpec("system.operations"),
    **{f"Custom_{number}__c": FieldSpec("user.content") for number in range(CUSTOM)},
}
OUTCOMES = {
    name: Outcome(Effect.ALLOW, rule="clear") for name in FIELDS if not name.endswith(("1__c", "2__c"))
} | {
    "Email": Outcome(Effect.MASK, Mask("m", "email"), "masked"),
    "Phone": Outcome(Effect.MASK, Mask("m", "phone"), "masked"),
    "Name": Outcome(Effect.MASK, Mask("m", "name"), "masked"),
    "Birthdate": Outcome(Effect.REDACT, rule="redacted"),
}
CATALOGUE = {"Contact": ObjectSpec("Contact", FIELDS)}
DECISION = Decision(Action.LIST, "Contact", OUTCOMES)


def page(records: int, *, indent: bool = False) -> bytes:
    """Return a body of so many records."""
    chance = random.Random(records)
    text = json.dumps(
        {
            "totalSize": records,
            "done": True,
            "records": [_contact(number, chance) for number in range(records)],
        },
        separators=None if indent else (",", ":"),
    )
    return text.replace('"Amount": 0', '"Amount": 1500.00').replace('"Amount":0', '"Amount":1500.00').encode()


def _contact(number: int, chance: random.Random) -> dict[str, object]:
    key = f"003{number:015d}"
    return {
        "attributes": {"type": "Contact", "url": f"/services/data/v60.0/sobjects/Contact/{key}"},
        "Id": key,
        "Name": f"Mara Quinn-{number}",
        "Email": f"mara.quinn.{number}@example.org",
        "Phone": f"+35386{chance.randrange(10**7):07d}",
        "Birthdate": "1984-05-17",
        "Amount": 0,
        "Active": True,
        **{f"Custom_{at}__c": f"value {chance.randrange(10**6)}" for at in range(CUSTOM)},
    }


def microseconds(work: Callable[[], object], seconds: float = 0.05, repeats: int = 7) -> float:
    """Return the least thread CPU time of one call."""
    calls, least = 1, 0.0
    while (least := _time(work, calls)) < seconds / repeats:
        calls *= 2
    return min([least, *(_time(work, calls) for _ in range(repeats))]) / calls * 1e6


def _time(work: Callable[[], object], calls: int) -> float:
    began = time.thread_time()
    for _ in range(calls):
        work()
    return time.thread_time() - began


def redact(tree: dict[str, list[dict[str, object]]], redactors: Redactors) -> None:
    """Redact a page in place, as one exchange does."""
    redactions = Redactions(lambda _name, _action: DECISION, CATALOGUE, redactors)
    tally = Tally()
    keep = frozenset({"attributes"})
    for members in tree["records"]:
        redactions.apply(Record("Contact", Action.LIST, members, keep=keep), tally)


def row(label: str, body: bytes) -> str:
    """Return one line of the table."""
    codec, redactors = JsonText(), Redactors(CATALOGUE)
    tree = codec.decode(body)
    loads = microseconds(lambda: orjson.loads(body))
    dumps = microseconds(lambda: orjson.dumps(orjson.loads(body))) - loads
    decode = microseconds(lambda: codec.decode(body))
    encode = microseconds(lambda: codec.encode(tree))
    fresh = microseconds(lambda: redact(codec.decode(body), redactors)) - decode  # type: ignore[arg-type]
    ratio = (decode + encode) / (loads + dumps)
    cells = (len(body), loads, dumps, decode, encode, fresh)
    return f"{label:<18}" + "".join(f"{cell:>11.0f}" for cell in cells) + f"{ratio:>9.2f}"


def main() -> None:
    """Print the table."""
    heads = ("bytes", "loads", "dumps", "decode", "encode", "redact")
    print(f"{'us':<18}" + "".join(f"{head:>11}" for head in heads) + f"{'x orjson':>9}")
    for label, records in (("2 KB", 2), ("120 KB", 140), ("200 records", 200)):
        print(row(label, page(records)))
    print(row("120 KB, spaced", page(140, indent=True)))


if __name__ == "__main__":
    main()
