"""What protected fields cost: one value, and a page of two hundred records against the same page masked.

    python tests/bench/bench_protect.py [--rounds 15] [--only tokens]

One value: sealing and opening thirty characters under a key whose schedule is there, as for all values of a
person but the first. A page: two gateways with everything on, as in `bench_engine.py`; policy masks three fields
in both. One CRM has their values in clear, the other has them protected, each of its own record, and each record
has a key of its own. Of each kind there is a row for what is at hand:

    values    the page was shown within the last minute
    keys      other pages with the same people were: rows and values are read and opened
    nothing   keys are read and unwrapped as well

CPU of the process, ledger and threads included. Of several rounds the median; each round measures every row, and
ratios are taken within a round, so that a machine that is busy now and then does not make them.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import canned_upstream
import salesforce_page
from bench_engine import AT_A_TIME, exchange, many
from bench_lane import CASES

from proxy.app import App, build
from proxy.config import load_config
from proxy.crypto.envelope import DataKey, context_of, parse
from proxy.demo.installation import LaneOf, make_installation
from proxy.message import Headers, Request, Response
from proxy.vault import Put, Sending

PAGE = 200
SELECTED = salesforce_page.SELECTED.replace("Fax", "OtherStreet")
EACH = 2 * AT_A_TIME
"""Pages in one row of a round."""
VALUES: dict[str, Callable[[int], str]] = {
    "Email": lambda number: f"person.{number}@example.org",
    "Phone": lambda number: f"+353 1 555 {number:04d}",
    "MailingStreet": lambda number: f"{number} Harbour Row, Ballybench",
    "Description": lambda number: f"Pilot of harbour number {number}",
    "OtherStreet": lambda number: f"{number} Strand Road, Ballybench",
}
PROTECT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: protect}
protect:
"""
MASKED = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: masked}
grants:
  - id: bench-shown
    effect: allow
    on: {objects: [Contact], fields: [FIELDS]}
    actions: [read, list]
    recipients: [helpdesk_app]
guards:
  - id: bench-masked
    effect: mask
    with: bench_mask
    on: {objects: [Contact], fields: [FIELDS]}
    actions: [read, list]
---
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {name: masks}
masks:
  bench_mask: {kind: by_type, strength: 60}
"""
Work = Callable[[], Awaitable[bytes]]


@dataclass(frozen=True)
class Kind:
    """A way to protect, and three fields that can be protected so."""

    name: str
    fields: tuple[str, ...]
    how: str

    @property
    def rules(self) -> str:
        """The policy."""
        on = "{connectors: [salesforce], objects: [Contact], fields: [%s]}"
        return PROTECT + "".join(
            f"  - {{id: p-{each.lower()}, on: {on % each}, {self.how}}}\n" for each in self.fields
        )


TEXTS = ("MailingStreet", "OtherStreet", "Description")
WAIVED = 'waive: [{code: LG141, because: To be measured., until: "2099-12-31"}]'
KINDS = (
    Kind("tokens", ("Email", "Phone", "MailingStreet"), "as: token, domain: t.acme.example, search: true"),
    Kind("envelopes", TEXTS, "as: envelope"),
    Kind("deterministic", TEXTS, f"as: deterministic, {WAIVED}"),
)


def one_value(rounds: int) -> tuple[float, float]:
    """Return microseconds to seal and to open thirty characters."""
    key, context = DataKey(bytes(32), bytes(16)), context_of("tenant", "user.contact.email")
    value, binding = b"x" * 30, bytes(16)
    text = key.seal(value, context, binding)

    def opened() -> None:
        found = parse(text)
        assert found is not None
        key.open(found, context)

    return timed(lambda: key.seal(value, context, binding), rounds), timed(opened, rounds)


def timed(work: object, rounds: int, times: int = 20_000) -> float:
    """Return microseconds of CPU, the median of some rounds."""
    assert callable(work)
    found = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - began) / times * 1e6)
    return statistics.median(found)


def installed(folder: Path, kind: Kind, *, protected: bool) -> tuple[App, str]:
    """Return an installation, and the help desk's key."""
    made = make_installation(folder, {"salesforce": LaneOf(0, "http://127.0.0.1:9", "secret")}, admin=0)
    masked = MASKED.replace("FIELDS", ", ".join(kind.fields))
    (made.policies / "example" / "masked.yaml").write_text(masked, "utf-8")
    guards = made.policies / "example" / "guards.yaml"
    free, elsewhere = "on: {tags: [free_text]}", "on: {objects: [Lead], tags: [free_text]}"
    guards.write_text(guards.read_text("utf-8").replace(free, elsewhere), "utf-8")
    if protected:
        (made.policies / "example" / "protect.yaml").write_text(kind.rules, "utf-8")
    return build(load_config(made.config)), made.keys["helpdesk"]


def page(app: App, kind: Kind) -> bytes:
    """Return two hundred records, with the values of protected fields as the CRM has them."""
    tree = json.loads(canned_upstream.page(400_000, SELECTED))
    records = tree["records"][:PAGE]
    guarded = app.gateways["salesforce"].rules.policies.protections("salesforce").get("Contact", {})
    for number, record in enumerate(records):
        record["Id"] = f"003{number:012d}AAA"
        record["attributes"]["url"] = f"/services/data/v59.0/sobjects/Contact/{record['Id']}"
        record |= {name: value(number) for name, value in VALUES.items()}
    puts = [
        Put(guarded[name], record[name], record["Id"], number)
        for number, record in enumerate(records)
        for name in kind.fields
        if name in guarded
    ]
    if puts:
        placed = app.kept.vault.settle(Sending(puts=tuple(puts))).placed
        for put, each in zip(puts, placed, strict=True):
            records[put.group][put.protection.field] = each.text
    return json.dumps({"totalSize": PAGE, "done": True, "records": records}, separators=(",", ":")).encode()


def messages(key: str, body: bytes) -> tuple[Request, Response]:
    """Return the request for the page, and the answer."""
    case = next(each for each in CASES if each.name != "record")
    path = case.path.partition("?")[0]
    sent = (("host", "127.0.0.1:8080"), ("x-lychgate-key", key), ("x-purpose", "customer_support"))
    query = f"q=SELECT+{SELECTED.replace(' ', '+')}+FROM+Contact"
    back = (("content-type", "application/json;charset=UTF-8"),)
    return Request("GET", path, query, Headers(sent)), Response(200, Headers(back), body)


def works(app: App, key: str, kind: Kind) -> dict[str, Work]:
    """Return what shows the page, by what is at hand."""
    vault, keys, gateway = app.kept.vault, app.kept.keys, app.gateways["salesforce"]
    request, response = messages(key, page(app, kind))

    async def values() -> bytes:
        return await exchange(gateway, request, response)

    async def with_keys() -> bytes:
        vault.forget()
        return await values()

    async def nothing() -> bytes:
        keys.forget()
        return await with_keys()

    return {"values": values, "keys": with_keys, "nothing": nothing}


def measured(loop: asyncio.Runner, rows: dict[str, Work], rounds: int) -> dict[str, tuple[float, float]]:
    """Return microseconds of CPU for each row, and how many times as much that is as the first row."""
    used: dict[str, list[float]] = {name: [] for name in rows}
    for number in range(rounds + 1):
        for name, work in rows.items():
            began = time.process_time()
            loop.run(many(work, EACH))
            if number:  # the first round warms up
                used[name].append((time.process_time() - began) / EACH * 1e6)
    first = next(iter(used.values()))
    return {
        name: (statistics.median(each), statistics.median(a / b for a, b in zip(each, first, strict=True)))
        for name, each in used.items()
    }


def compared(loop: asyncio.Runner, folder: Path, kind: Kind, rounds: int) -> None:
    """Print the rows of one kind."""
    plain, plain_key = installed(folder / "masked", kind, protected=False)
    app, key = installed(folder / "protected", kind, protected=True)
    rows = {"masked": works(plain, plain_key, kind)["values"], **works(app, key, kind)}
    shown = {loop.run(work()) for work in rows.values()}  # type: ignore[arg-type]
    if len(shown) != 1 or shown.pop().count(b':"***') < PAGE * len(kind.fields):
        raise SystemExit("the pages are not shown alike: the bench would be meaningless")
    for name, (used, times) in measured(loop, rows, rounds).items():
        print(f"{kind.name:<14}{name:<9}{used / 1000:8.2f} ms  {times:6.2f} x masked", flush=True)
    for each in (app, plain):
        each.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", choices=[kind.name for kind in KINDS])
    options = parser.parse_args()
    sealed, opened = one_value(options.rounds)
    print(f"one value of 30 characters: seal {sealed:.2f} us, open {opened:.2f} us (at most 5)")
    print(f"pages of {PAGE} records with 3 protected fields (at most 1.3 x masked)")
    for kind in KINDS:
        if options.only in {None, kind.name}:
            with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as loop:
                compared(loop, Path(folder), kind, options.rounds)


if __name__ == "__main__":
    main()
