"""A child for the crash test: opens the ledger again and again, and appends until it is killed.

Reads folders from standard input. For each it forks a process that opens the ledger, prints `head SEQ`, and
prints `SEQ ID` for every acknowledged entry; then it waits for that process to die and prints `gone`.
Forking from here makes a life cheap: what is imported is imported once.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from proxy.ledger import Ledger
from proxy.model import Noted

TASKS = 6


def say(text: str) -> None:
    """One write, so that lines of a process that is killed are whole."""
    os.write(1, text.encode() + b"\n")


async def life(ledger: Ledger) -> None:
    """Append from several tasks, short entries and long ones, for ever."""

    async def one(task: int) -> None:
        for number in range(1_000_000):
            name = f"{os.getpid()}-{task}-{number}"
            detail = "x" * (40_000 if number % 50 == task else 60 * task)
            say(f"{await ledger.append(Noted(name, '', what='tested', detail=detail))} {name}")

    await asyncio.gather(*map(one, range(TASKS)))


def main() -> None:
    """See the module."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            ledger = Ledger.open(Path(line.strip()), now=time.time, segment_bytes=256 * 1024)
            say(f"head {ledger.head()[0]}")
            asyncio.run(life(ledger))
        say(f"born {pid}")
        os.waitpid(pid, 0)
        say("gone")


main()
