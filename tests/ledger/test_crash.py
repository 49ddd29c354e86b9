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
LONGEST = 0.12
"""Seconds from birth to death at most; short ones die while they open and recover."""


@pytest.fixture
def nursery():
    """Give birth to appenders, one at a time: a function that takes a folder and a time to live."""
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

    def live(folder, seconds):
        """Return what was said between birth and death by SIGKILL."""
        process.stdin.write(f"{folder}\n")
        words = []
        while (heard := said.get(timeout=20)) != ["gone"]:
            if heard[0] == "born":
                time.sleep(seconds)
                os.kill(int(heard[1]), signal.SIGKILL)
            else:
                words.append(heard)
        return words

    yield live
    process.stdin.close()
    assert process.wait(20) == 0
    reader.join()
    process.stdout.close()


def test_a_hundred_kills_lose_nothing(nursery, tmp_path, open_ledger):
    """AU-03: after each SIGKILL the ledger opens, verifies, and holds every acknowledged entry."""
    chance = random.Random(20_261_123)
    acknowledged: dict[int, str] = {}
    lives = opened = total = 0
    while lives < LIVES:
        folder = tmp_path / f"ledger-{lives}"
        acknowledged.clear()
        for _ in range(LIVES_OF_ONE_LEDGER):
            words = nursery(folder, chance.uniform(0, LONGEST))
            lives += 1
            opened += [word for word, _ in words][:1] == ["head"]
            fresh = {int(seq): name for seq, name in words if seq != "head"}
            assert not acknowledged.keys() & fresh.keys()
            acknowledged |= fresh
            if not folder.exists():
                continue  # killed before it had made anything
            open_ledger(folder=folder).close()
            check(folder, acknowledged)
        total += len(acknowledged)
    # The test is worth something only if there was load, and most lives got to it.
    assert total > 20 * LIVES
    assert opened > LIVES / 2


def check(folder, acknowledged):
    """Verify the ledger with code that shares nothing with it, and look for every acknowledged entry."""
    report = judge.verify(folder, pauses=())
    assert report.problems == []
    names = [None]
    for _, _, line in judge.read_entries(folder):
        names.append(judge.json.loads(line)["id"])
    assert report.last_seq == len(names) - 1
    assert {seq: names[seq] for seq in acknowledged} == acknowledged
