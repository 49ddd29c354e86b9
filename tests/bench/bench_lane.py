"""CPU per request of a whole lane, against baselines measured in the same run.

    python tests/bench/bench_lane.py [--rounds 5] [--seconds 4] [--growth 100000] [--before FOLDER] [--cases ...]

Every target runs as one process of its own, alone with wrk and the upstream; the rounds are interleaved, and
what is reported is the median of the per-round ratios, since the machine is noisy and absolute times are not
comparable between runs. CPU is user + system time of the process, from /proc/PID/stat.

    stock     mitmproxy's own master with proxyserver, next_layer and tlsconfig: bytes in, bytes out
    bare      mitmproxy's HTTP engine on a master trimmed as the lanes' is: bytes in, bytes out
    orjson    the same, with a hand-written redaction of five fields by orjson and nothing else
    nginx     nginx with the same redaction in Lua, one process
    envoy     Envoy, bytes in, bytes out, one worker
    before    another checkout of Lychgate (`--before`), to see what a change did
    null      a lane with a gateway that always says yes, so our own HTTP/1.1 layer: bytes in, bytes out
    on stock  the engine of `lychgate`, everything on, as an add-on of `stock`
    lychgate  everything on: identity, policy, exact JSON, ledger with durable commits, metrics

The small answer is one whole contact. The large ones are pages of contacts: some 140 with 30 fields each, or
some 340 with nine, as the work per record is Python and the work per byte is not. Of every contact in a page
the help desk may not see three fields and sees two masked: what the orjson add-on does by hand, the example
policy makes Lychgate do.

Every request gets the same answer. So what Lychgate remembers of pages is remembered from the second on: how
their records are written, which texts are ids, and the pseudonyms of the people in them.
"""

import argparse
import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import peers

from proxy.demo.installation import LaneOf, make_installation
from proxy.demo.processes import free_port

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
API = "/services/data/v59.0"
FEW = "Id, Name, Email, Title, Phone, Birthdate, SSN__c, Iban__c, MailingStreet"
MANY = (
    f"{FEW}, FirstName, LastName, Salutation, Department, MailingCity, MailingState, MailingCountry, OtherCity, "
    "OtherState, OtherCountry, AssistantName, AccountId, ReportsToId, LastActivityDate, OwnerId, CreatedDate, "
    "CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp, IsDeleted"
)
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Case:
    """One request, and how large the CRM's answer to it is."""

    name: str
    size: int
    path: str
    selected: str = FEW


def page(selected: str) -> str:
    """Return the path of a query."""
    return f"{API}/query?q={quote(f'SELECT {selected} FROM Contact')}"


CASES = (
    Case("record", 2_048, f"{API}/sobjects/Contact/003000000000001AAA"),
    Case("many", 120_000, page(MANY), MANY),
    Case("few", 120_000, page(FEW)),
)


@dataclass(frozen=True)
class Target:
    """One proxy under load."""

    name: str
    pid: int
    port: int
    headers: tuple[str, ...] = ()


Round = tuple[float, float, int]
"""CPU microseconds per request, requests per second, and errors."""


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def wait_port(port: int, process: subprocess.Popen) -> None:
    """Return when something listens; raise when the process ends first."""
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit(f"a target ended with code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise SystemExit("a target did not start")


@contextlib.contextmanager
def started(command: list[str], port: int, log: Path, *, root: Path = ROOT) -> Iterator[int]:
    """Run a process until the block ends; its output goes to a file."""
    path = {**os.environ, "PYTHONPATH": str(root)}
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=root, env=path)
    try:
        wait_port(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def installation(folder: Path, upstream: int) -> tuple[Path, int, str]:
    """Return the configuration, port and API key of a lane with the example policies in front of `upstream`."""
    lane = LaneOf(free_port(), f"http://127.0.0.1:{upstream}", "unused")
    made = make_installation(folder, {"salesforce": lane}, admin=free_port())
    return made.config, lane.port, made.keys["helpdesk"]


def load(target: Target, path: str, seconds: int, connections: int = 16) -> Round:
    """Return CPU microseconds per request, requests per second and errors of one round of wrk."""
    headers = [part for header in target.headers for part in ("-H", header)]
    before = cpu_seconds(target.pid)
    out = subprocess.run(
        [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            *headers,
            f"http://127.0.0.1:{target.port}{path}",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    used = cpu_seconds(target.pid) - before
    requests = int(re.search(r"(\d+) requests in", out)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    sockets = re.search(r"Socket errors: (.*)", out)
    if sockets:
        print(f"  {target.name}: {sockets[0]}")
    return used / max(requests, 1) * 1e6, requests / seconds, int(bad[1]) if bad else 0


def check_answers(targets: list[Target], path: str) -> None:
    """Stop unless Lychgate answers 200 with the hidden fields gone: a fast refusal would flatter it."""
    for target in targets:
        request = urllib.request.Request(f"http://127.0.0.1:{target.port}{path}")
        for header in target.headers:
            request.add_header(*header.split(": ", 1))
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        hidden = b"SSN__c" not in body and b"Iban__c" not in body and b'"Phone":"*** *** ' in body
        if hidden is (target.name in {"stock", "bare", "envoy", "null"}) or b"Email" not in body:
            raise SystemExit(f"{target.name} does not do what it should: the bench would be meaningless")
        print(f"  {target.name:9} {len(body):7} bytes out")


def measure(case: Case, options: argparse.Namespace, folder: Path) -> None:
    """Print the table for one case."""
    print(f"\n{case.name}: {case.size} bytes from the CRM")
    path = case.path
    with contextlib.ExitStack() as stack:
        targets = start_targets(case, options.before, folder, stack)
        check_answers(targets, path)
        results: dict[str, list[Round]] = {target.name: [] for target in targets}
        for target in targets:
            load(target, path, 1)
        for _ in range(options.rounds):
            for target in targets:
                results[target.name].append(load(target, path, options.seconds))
        report(results)
        if options.growth and case is CASES[0]:
            growth(targets[-1], path, options.growth)


def start_targets(case: Case, before: Path | None, folder: Path, stack: contextlib.ExitStack) -> list[Target]:
    """Start the upstream and everything that is measured in front of it."""
    log = folder / "log"

    def run(port: int, *arguments: str, root: Path = ROOT) -> int:
        return stack.enter_context(started([sys.executable, *arguments], port, log, root=root))

    def peer(name: str, command: Callable[[Path, int, int], list[str]]) -> Target:
        port = free_port()
        line = command(folder / f"{name}-{case.name}", port, up)
        return Target(name, stack.enter_context(started(line, port, log)), port)

    def bare(name: str, *options: str) -> Target:
        port = free_port()
        pid = run(port, str(HERE / "bare_master.py"), "--listen", str(port), "--upstream", upstream, *options)
        return Target(name, pid, port)

    def null() -> Target:
        port = free_port()
        pid = run(port, str(HERE / "null_lane.py"), "--listen", str(port), "--upstream", upstream)
        return Target("null", pid, port)

    def lane(name: str, root: Path) -> Target:
        config, port, key = installation(folder / f"{name}-{case.name}", up)
        pid = run(port, "-m", "proxy.cli", "run", "-c", str(config), root=root)
        return Target(name, pid, port, (f"X-Lychgate-Key: {key}", "X-Purpose: customer_support"))

    def on_stock() -> Target:
        config, _, key = installation(folder / f"stock-{case.name}", up)
        port = free_port()
        options = ("--config", str(config), "--listen", str(port), "--upstream", upstream)
        pid = run(port, str(HERE / "stock_engine.py"), *options)
        return Target("on stock", pid, port, (f"X-Lychgate-Key: {key}", "X-Purpose: customer_support"))

    up = free_port()
    upstream = f"http://127.0.0.1:{up}"
    canned = str(HERE / "canned_upstream.py")
    run(up, canned, "--port", str(up), "--bytes", str(case.size), "--select", case.selected)
    targets = [bare("stock", "--stock"), bare("bare"), bare("orjson", "--redact")]
    targets += [peer("nginx", peers.nginx_lua), peer("envoy", peers.envoy)]
    targets += [null(), on_stock()]
    if before is not None:
        targets.append(lane("before", before))
    return [*targets, lane("lychgate", ROOT)]


def report(results: dict[str, list[Round]]) -> None:
    """Print medians, and the median, least and greatest of the per-round ratios."""
    others = [name for name in results if name != "lychgate"]
    print(f"  {'target':9} {'CPU us/request':>15} {'requests/s':>11} {'lychgate / it':>20} {'errors':>7}")
    for name, rounds in results.items():
        ratio = ""
        if name in others:
            each = [ours[0] / its[0] for ours, its in zip(results["lychgate"], rounds, strict=True)]
            ratio = f"{statistics.median(each):.2f} [{min(each):.2f}..{max(each):.2f}]"
        cpu = statistics.median(one[0] for one in rounds)
        rate = statistics.median(one[1] for one in rounds)
        print(f"  {name:9} {cpu:15.0f} {rate:11.0f} {ratio:>20} {sum(r[2] for r in rounds):7}")


def growth(target: Target, path: str, requests: int) -> None:
    """Print how much memory a target keeps after many requests."""
    before, done = rss_mb(target.pid), 0
    while done < requests:
        _, rate, _ = load(target, path, 10)
        done += int(rate * 10)
    after = rss_mb(target.pid)
    print(
        f"  memory: {before:.1f} -> {after:.1f} MiB over {done} requests "
        f"({(after - before) * 100_000 / done:+.1f} MiB per 100,000)"
    )


def main() -> None:
    """Run every size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--growth", type=int, default=100_000, help="requests for the memory figure; 0 = none")
    parser.add_argument("--before", type=Path, help="the root of another checkout, measured in the same run")
    parser.add_argument("--cases", nargs="+", default=[case.name for case in CASES], help="which to run")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("needs wrk (a Debian package)")
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            if case.name in options.cases:
                measure(case, options, Path(folder))


if __name__ == "__main__":
    main()
