"""Keys are as destroyed as every process says: real workers, one that is stopped, a table put back."""

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from proxy.app import KEY_FILE
from proxy.config import load_config
from proxy.crypto import read_key
from proxy.demo.installation import LaneOf
from proxy.demo.processes import free_port
from proxy.gateways import cases_in
from proxy.kept import FILE, open_kept
from proxy.sandbox import HubSpotSandbox, running
from tests.e2e.processes import Installed, until
from tests.e2e.sdks import Hubspot
from tests.e2e.test_erasure import TOKEN, Operator
from tests.e2e.test_protect import MAIL, PROTECT
from tests.e2e.test_workers import alive, workers

TABLES = ("subject_keys", "key_generation")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Installed]:
    """Two workers that protect what they write to HubSpot."""
    with running(HubSpotSandbox(TOKEN)) as there:
        lanes = {"hubspot": LaneOf(free_port(), there.url, TOKEN)}
        made = Installed.make(tmp_path / "home", lanes, lambda text: f"workers: 2\n{text}")
        (made.made.policies / "example" / "protect.yaml").write_text(PROTECT, "utf-8")
        try:
            yield made.up()
        finally:
            made.kill()


def canaries(told: dict[str, Any]) -> Counter[str]:
    """Return how many processes say what of the keys."""
    return Counter({one["verdict"]: one["count"] for one in told["findings"] if one["how"] == "canary"})


def due(run: Installed, case: str) -> None:
    """Have the time of a later check have come."""
    config = load_config(run.made.config)
    root = read_key(config.state / KEY_FILE)
    kept = open_kept(config, root)
    cases = cases_in(kept, root)
    cases.keep(cases.get(case).put(checks=(1, 2**40)))
    kept.close()


def checked(operator: Operator, case: str, code: int = 0) -> dict[str, Any]:
    """Return a case once that check was made."""
    due(operator.run, case)
    return operator.does("run", case, code=code)["cases"][0]


def test_keys_are_dead_in_every_process_or_it_is_said(run: Installed, tmp_path: Path) -> None:
    """Two workers and who watches over them; who does not answer vouches for nothing; a backup is found."""
    contacts = Hubspot(run, "helpdesk_leads").basic
    key = contacts.create({"properties": {"email": MAIL, "lastname": "Quill"}}).id
    for _ in range(8):  # so that each worker remembers the key
        assert (
            Hubspot(run, "helpdesk_leads").basic.get_by_id(key, properties=["email"]).properties["email"] == MAIL
        )
    store, copy = run.made.folder / "state" / FILE, tmp_path / "copy.db"
    with closing(sqlite3.connect(store)) as now, closing(sqlite3.connect(copy)) as then:
        now.backup(then)
    operator = Operator(run)
    case = operator.does("open", "--email", MAIL, "--ground", "objection", "--identity", "account")["case"]
    operator.agrees(case, operator.does("plan", case)["short"])
    done = operator.does("run", case)["cases"][0]
    assert (done["state"], canaries(done)) == ("live_complete", {"erased": 3}), done
    operator.says("erasure", "certificate", case, "--out", str(tmp_path))
    assert '\\"how\\":\\"canary\\"' in next(tmp_path.glob("*.json")).read_text("utf-8")
    # One that does not answer.
    silent = workers(run)[0]
    os.kill(silent, signal.SIGSTOP)
    assert canaries(checked(operator, case)) == {"erased": 2, "unverifiable": 1}
    until(lambda: not alive(silent))  # it serves nobody either
    until(lambda: run.metric("lychgate_workers") == 2)
    assert canaries(checked(operator, case)) == {"erased": 3}
    # The table of keys comes back from a backup, and with it the number by which processes would forget.
    with closing(sqlite3.connect(store, timeout=30)) as now:
        now.execute("ATTACH ? AS copy", (str(copy),))
        for table in TABLES:
            now.execute(f"DELETE FROM {table}")
            now.execute(f"INSERT INTO {table} SELECT * FROM copy.{table}")
        now.commit()
    back = checked(operator, case, code=1)
    assert (back["state"], canaries(back)) == ("partial", {"residue": 3}), back
    again = operator.does("run", case, "--again")["cases"][0]
    assert (again["state"], canaries(again)) == ("live_complete", {"erased": 3}), again
    run.down()
    run.check_ledger()
