"""What protected fields cost: one value, and a page of two hundred records against the same page masked.

    python tests/bench/bench_protect.py [--rounds 7]

One value: sealing and opening thirty characters under a key whose schedule is there, as for all values of a
person but the first. A page: two gateways with everything on, as in `bench_engine.py`; policy masks three fields
in both. One CRM has their values in clear, the other has tokens in two and envelopes in the third, each of its
own record. `remembered` is a page that was shown within the last minute, `read` one whose values and keys all
have to be looked up in the store, in a thread. CPU of the process, ledger and threads included; of several
rounds the median.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

import canned_upstream
from bench_engine import cost, exchange
from bench_lane import CASES
from salesforce_page import SELECTED

from proxy.app import App, build
from proxy.config import load_config
from proxy.crypto.envelope import DataKey, context_of, parse
from proxy.demo.installation import LaneOf, make_installation
from proxy.message import Headers, Request, Response
from proxy.vault import Put, Sending

PAGE = 200
FIELDS = ("Email", "Phone", "MailingStreet")
PROTECT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: protect}
protect:
  - id: mail
    on: {connectors: [salesforce], objects: [Contact], fields: [Email]}
    as: token
    domain: t.acme.example
    search: true
  - id: numbers
    on: {connectors: [salesforce], objects: [Contact], fields: [Phone]}
    as: token
    search: true
  - id: streets
    on: {connectors: [salesforce], objects: [Contact], fields: [MailingStreet]}
    as: envelope
"""
MASKED = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: masked}
grants:
  - id: bench-streets
    effect: allow
    on: {objects: [Contact], fields: [MailingStreet]}
    actions: [read, list]
    recipients: [helpdesk_app]
guards:
  - {id: bench-mail, effect: mask, with: bench_mail, on: {objects: [Contact], fields: [Email]}, actions: ["*"]}
  - id: bench-street
    effect: mask
    with: bench_street
    on: {objects: [Contact], fields: [MailingStreet]}
    actions: [read, list]
---
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {name: masks}
masks:
  bench_mail: {kind: email}
  bench_street: {kind: constant}
"""


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


def installed(folder: Path, *, protected: bool) -> tuple[App, str]:
    """Return an installation, and the help desk's key."""
    made = make_installation(folder, {"salesforce": LaneOf(0, "http://127.0.0.1:9", "secret")}, admin=0)
    (made.policies / "example" / "masked.yaml").write_text(MASKED, "utf-8")
    if protected:
        (made.policies / "example" / "protect.yaml").write_text(PROTECT, "utf-8")
    return build(load_config(made.config)), made.keys["helpdesk"]


def page(app: App) -> bytes:
    """Return two hundred records, with the values of protected fields as the CRM has them."""
    tree = json.loads(canned_upstream.page(400_000, SELECTED))
    records = tree["records"][:PAGE]
    guarded = app.gateways["salesforce"].rules.policies.protections("salesforce").get("Contact", {})
    for number, record in enumerate(records):
        record["Id"] = f"003{number:012d}AAA"
        record["attributes"]["url"] = f"/services/data/v59.0/sobjects/Contact/{record['Id']}"
        record |= {"Email": f"person.{number}@example.org", "Phone": f"+353 1 555 {number:04d}"}
        record["MailingStreet"] = f"{number} Harbour Row, Ballybench"
    puts = [
        Put(guarded[name], record[name], record["Id"], number)
        for number, record in enumerate(records)
        for name in FIELDS
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    sealed, opened = one_value(rounds)
    print(f"one value of 30 characters: seal {sealed:.2f} us, open {opened:.2f} us (at most 5)")
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as loop:
        found = {}
        shown = {}
        for name, protected in (("masked", False), ("remembered", True)):
            app, key = installed(Path(folder) / name, protected=protected)
            body = page(app)
            request, response = messages(key, body)
            gateway = app.gateways["salesforce"]
            shown[name] = loop.run(exchange(gateway, request, response))
            found[name] = loop.run(cost(lambda: exchange(gateway, request, response), rounds))  # noqa: B023
            if protected:

                async def cold() -> bytes:
                    app.kept.vault.forget()  # noqa: B023
                    app.kept.keys.forget()  # noqa: B023
                    return await exchange(gateway, request, response)  # noqa: B023

                found["read"] = loop.run(cost(cold, max(3, rounds // 2)))
            app.close()
        if shown["masked"] != shown["remembered"] or b"***" not in shown["masked"]:
            raise SystemExit("the two pages are not shown alike: the bench would be meaningless")
    for name, each in found.items():
        print(
            f"page of {PAGE} records, {name:<10} {each / 1000:8.2f} ms   {each / found['masked']:.2f} x masked"
        )


if __name__ == "__main__":
    main()
