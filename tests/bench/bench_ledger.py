"""What the ledger costs: commits per second, latency and CPU per append, at three levels of concurrency.

    python tests/bench/bench_ledger.py [FOLDER]

Run it on the disk that will hold the ledger. CPU is of the whole process, both threads, loop included.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from proxy.ledger import Ledger
from proxy.model import Disclosed

SECONDS = 2.0


def entry(number: int) -> Disclosed:
    """An outcome of ordinary size, some 700 bytes as written."""
    return Disclosed(
        id=f"{number:026d}",
        lane="salesforce",
        principal="support-desk/agent-17",
        client="support-desk",
        recipient="acme",
        purpose="support",
        status=200,
        records=3,
        part=1,
        parts=1,
        subjects=("kqzrm6z5lqjzv3uzjv2r7j5k4e", "5j5k4ekqzrm6z5lqjzv3uzjv2r", "zjv2r7j5k4ekqzrm6z5lqjzv3u"),
        categories=("user.contact.email", "user.contact.phone", "user.name"),
        fields=("mask Contact.Email", "mask Contact.Phone", "allow Contact.LastName", "deny Contact.Birthdate"),
        rules=("support-reads-contacts", "mask-contact-details"),
        policy="sha256:" + "5" * 64,
    )


async def load(ledger: Ledger, tasks: int) -> tuple[list[float], float, float]:
    """Append from `tasks` tasks for a while; return latencies, CPU seconds and wall seconds."""
    latencies: list[float] = []
    end = time.perf_counter() + SECONDS

    async def one(number: int) -> None:
        while (started := time.perf_counter()) < end:
            await ledger.append(entry(number))
            latencies.append(time.perf_counter() - started)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(tasks)))
    return latencies, time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    """Print one line per level of concurrency."""
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else None))
    ledger = Ledger.open(folder / "ledger", now=time.time)
    print(f"blank commit: median {ledger.median_commit_seconds * 1e3:.2f} ms")
    print(f"{'tasks':>6} {'entries/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'CPU us/append':>14}")
    for tasks in (1, 32, 256):
        latencies, cpu, wall = asyncio.run(load(ledger, tasks))
        latencies.sort()
        count = len(latencies)
        p50, p99 = latencies[count // 2] * 1e3, latencies[count * 99 // 100] * 1e3
        print(f"{tasks:>6} {count / wall:>10.0f} {p50:>8.2f} {p99:>8.2f} {cpu / count * 1e6:>14.1f}")
    ledger.close()
    started = time.perf_counter()
    ledger = Ledger.open(folder / "ledger", now=time.time)
    print(f"open again: {time.perf_counter() - started:.2f} s, {ledger.head()[0]} entries")
    ledger.close()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
