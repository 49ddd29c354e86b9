"""What a second worker brings, and what small requests pay for somebody else's large ones.

    python tests/bench/bench_workers.py [--rounds 5] [--seconds 4]

First table: requests per second, and CPU per request of all processes together (the supervisor's shown apart),
with one process and with two workers, interleaved. On a machine whose load generator shares the cores the rate
says little: what can be compared anywhere is CPU, which says what N cores of their own would bring at best.

Second table: how long small requests take beside a client that loops over an answer of five megabytes, and
alone; medians of the rounds.
"""

import argparse
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench_lane import CASES, HERE, Target, cpu_seconds, installation, load, page, started

from proxy.demo.processes import free_port

SMALL, LARGE = CASES[0], 5_000_000


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextlib.contextmanager
def lane(folder: Path, upstream: int, workers: int) -> Iterator[Target]:
    """Run Lychgate with so many workers until the block ends."""
    config, port, key = installation(folder, upstream)
    config.write_text(config.read_text() + f"workers: {workers}\n")
    with started([sys.executable, "-m", "proxy.cli", "run", "-c", str(config)], port, folder / "log") as pid:
        yield Target(f"{workers}", pid, port, (f"X-Lychgate-Key: {key}", "X-Purpose: customer_support"))


@contextlib.contextmanager
def canned(folder: Path, size: int) -> Iterator[int]:
    """Run an upstream whose pages have so many bytes; its records are small."""
    port = free_port()
    command = [sys.executable, str(HERE / "canned_upstream.py"), "--port", str(port), "--bytes", str(size)]
    with started([*command, "--record-bytes", str(SMALL.size)], port, folder / "up"):
        yield port


def second_worker(folder: Path, rounds: int, seconds: int) -> None:
    """Print the first table."""
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(canned(folder, SMALL.size))
        targets = [stack.enter_context(lane(folder / f"w{count}", upstream, count)) for count in (1, 2)]
        found: dict[str, list[tuple[float, float, float]]] = {target.name: [] for target in targets}
        for number in range(rounds + 1):
            for target in targets:
                pids = children(target.pid)
                before = [cpu_seconds(pid) for pid in pids]
                own, rate, errors = load(target, SMALL.path, seconds if number else 1, 32)
                served = [after - was for after, was in zip(map(cpu_seconds, pids), before, strict=True)]
                assert not errors
                if number:
                    found[target.name].append((rate, own, sum(served) / (rate * seconds) * 1e6))
    print(f"{'workers':>8} {'requests/s':>11} {'CPU us/request':>15} {'of it supervisor':>17}")
    for name, results in found.items():
        rate, own, served = (statistics.median(column) for column in zip(*results, strict=True))
        print(f"{name:>8} {rate:11.0f} {own + served:15.0f} {own if served else 0:17.0f}")
    pairs = list(zip(found["1"], found["2"], strict=True))
    ratios = [two[0] / one[0] for one, two in pairs]
    # Were cores not shared with the load: two workers, of which each serves what one core can.
    apart = [2 * one[1] / two[2] for one, two in pairs]
    spread = f"{statistics.median(ratios):.2f} [{min(ratios):.2f}..{max(ratios):.2f}]"
    print(f"  requests/s, 2 / 1: {spread} on {os.cpu_count()} cores")
    print(f"  by CPU of a worker: {statistics.median(apart):.2f} [{min(apart):.2f}..{max(apart):.2f}]")


def beside_large(folder: Path, rounds: int, seconds: int) -> None:
    """Print the second table."""
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(canned(folder, LARGE))
        target = stack.enter_context(lane(folder / "beside", upstream, 1))
        alone, beside = [], []
        for number in range(rounds + 1):
            quick = p99(target, seconds)
            with looping(target) as count:
                slow = p99(target, seconds)
            if number:
                alone.append(quick)
                beside.append(slow)
            assert count
    ratios = [slow / quick for quick, slow in zip(alone, beside, strict=True)]
    print(f"\np99 of a {SMALL.size}-byte record: {statistics.median(alone):.2f} ms alone, "
          f"{statistics.median(beside):.2f} ms beside a looping {LARGE} bytes: "
          f"{statistics.median(ratios):.1f}x [{min(ratios):.1f}..{max(ratios):.1f}]")  # fmt: skip


def at(target: Target) -> str:
    """Return where a target listens."""
    return f"http://127.0.0.1:{target.port}"


def p99(target: Target, seconds: int) -> float:
    """Return the 99th percentile of small requests, in milliseconds, of one connection at a time."""
    headers = [part for header in target.headers for part in ("-H", header)]
    out = subprocess.run(
        ["wrk", "-t1", "-c1", f"-d{seconds}s", "--latency", *headers, f"{at(target)}{SMALL.path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "Non-2xx" not in out, out
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    return float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


@contextlib.contextmanager
def looping(target: Target) -> Iterator[list[int]]:
    """Have one client ask for the large page again and again until the block ends; yields the sizes."""
    over, sizes = threading.Event(), []

    def ask() -> None:
        while not over.is_set():
            request = urllib.request.Request(f"{at(target)}{page(CASES[2].selected)}")
            for header in target.headers:
                request.add_header(*header.split(": ", 1))
            with urllib.request.urlopen(request, timeout=60) as answer:
                sizes.append(len(answer.read()))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield sizes
    finally:
        over.set()
        thread.join(60)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        second_worker(Path(folder), options.rounds, options.seconds)
        beside_large(Path(folder), options.rounds, options.seconds)


if __name__ == "__main__":
    main()
