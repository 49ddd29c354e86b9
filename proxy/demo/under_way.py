"""Lychgate as the demo runs it: a process, and the ways to reach it."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proxy.demo.installation import Crm, Installation, LaneOf, make_installation
from proxy.demo.processes import free_port, lychgate, wait_ready


@dataclass(frozen=True, slots=True)
class Running:
    """Lychgate under way, and everything a scene needs to reach it."""

    installation: Installation
    ports: dict[Crm, int]
    admin: int
    pid: int
    log: Path


@contextlib.contextmanager
def started(folder: Path, lanes: dict[Crm, LaneOf]) -> Iterator[Running]:
    """Run Lychgate with these lanes, as a process of its own, until the block ends."""
    admin, log = free_port(), folder / "lychgate.log"
    made = make_installation(folder / "gateway", lanes, admin=admin)
    with lychgate(["run", "--config", str(made.config)], log) as process:
        wait_ready(admin, process, log)
        yield Running(made, {crm: lane.port for crm, lane in lanes.items()}, admin, process.pid, log)


def reload(run: Running) -> str:
    """Have the policies read again and return the last line of the log once it speaks of it."""
    before = run.log.read_text("utf-8")
    os.kill(run.pid, signal.SIGHUP)
    for _ in range(200):
        time.sleep(0.05)
        news = run.log.read_text("utf-8")[len(before) :]
        if "policy re" in news and news.endswith("\n"):
            return news.strip()
    return ""
