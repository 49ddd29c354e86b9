"""SIGKILL at a hundred random moments under load: nothing acknowledged is lost, and the chain goes on."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import pytest

from proxy.ledger import verify as judge

LIVES = 100
LIVES_OF_ONE_LEDGER = 5
LONGEST = 0.1
"""Seconds of load at most; and of opening, for the lives that are to end while they open and recover."""


@pytest.fixture
def nursery():
    """Give birth to appenders, one at a time."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("appender.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    said = SimpleQueue()
    reader = threading.Thread(target=lambda: [said.put(line.split()) for line in process.stdout])
    reader.start()

    def live(folder, seconds, after):
        """Return what was said until SIGKILL, so many seconds after "born", or after "head", was said."""
        process.stdin.write(f"{folder}\n")
        words = {}
        acknowledged = {}
        while (heard := said.get(timeout=20)) != ["gone"]:
            if heard[0].isdecimal():
                acknowledged[int(heard[0])] = heard[1]
                continue
            words[heard[0]] = int(heard[1])
            if "born" in words and after in words and heard[0] in {"born", after}:
                time.sleep(seconds)
                os.kill(words["born"], signal.SIGKILL)
        return acknowledged

    yield live
    process.stdin.close()
    assert process.wait(20) == 0
    reader.join()
    process.stdout.close()


def test_a_hundred_kills_lose_nothing(nursery, tmp_path, open_ledger):
    """AU-03: after each SIGKILL the ledger opens, verifies, and holds every acknowledged entry."""
    chance = random.Random(20_261_123)
    acknowledged: dict[int, str] = {}
    lives = total = 0
    while lives < LIVES:
        folder = tmp_path / f"ledger-{lives}"
        acknowledged.clear()
        for _ in range(LIVES_OF_ONE_LEDGER):
            fresh = nursery(folder, chance.uniform(0, LONGEST), chance.choice(["head", "head", "born"]))
            lives += 1
            assert not acknowledged.keys() & fresh.keys()
            acknowledged |= fresh
            if not folder.exists():
                continue  # killed before it had made anything
            open_ledger(folder=folder).close()
            check(folder, acknowledged)
        total += len(acknowledged)
    assert total > LIVES  # the test is worth something only if there was load


def check(folder, acknowledged):
    """Verify the ledger with code that shares nothing with it, and look for every acknowledged entry."""
    report = judge.verify(folder, pauses=())
    assert report.problems == []
    names = [None]
    for _, _, line in judge.read_entries(folder):
        names.append(judge.json.loads(line)["id"])
    assert report.last_seq == len(names) - 1
    assert {seq: names[seq] for seq in acknowledged} == acknowledged
