"""The store in PostgreSQL and the keys with a key server: what they do to a proxy when they are slow or gone."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from proxy.demo.installation import LaneOf
from proxy.sandbox import HubSpotSandbox, running
from tests.crypto.providers.stub_bao import TOKEN, StubBao
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed, until
from tests.e2e.test_keys import CONTACTS, PROTECT, Town
from tests.services import PostgreSQL


@pytest.fixture
def bao() -> Iterator[StubBao]:
    """Give a server that behaves as OpenBao's Transit."""
    stub = StubBao()
    yield stub
    stub.close()


def private(folder: Path, name: str, text: str) -> Path:
    """Write a secret and return its path."""
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def served(tmp_path: Path, bao: StubBao, postgresql_server: PostgreSQL) -> Iterator[Town]:
    """Lychgate with two workers, its rows in PostgreSQL and its keys with OpenBao."""
    crm = HubSpotSandbox(CRM_TOKEN, people=5)
    with running(crm) as address, postgresql_server.database() as url:
        lanes = {"hubspot": LaneOf(0, address.url, CRM_TOKEN)}
        more = configured(tmp_path, bao, url)
        run = Installed.make(tmp_path / "gateway", lanes, lambda text: f"{text}{more}")
        (run.made.policies / "example" / "protect.yaml").write_text(PROTECT, "utf-8")
        town = Town(run, crm, address.url)
        try:
            town.keys("init")
            run.up()
            yield town
            run.down()
            run.check_ledger()
        finally:
            run.kill()


def configured(folder: Path, bao: StubBao, url: URL) -> str:
    """Return what the configuration gets; the secrets lie beside it."""
    password = private(folder, "db-password", str(url.password))
    token = private(folder, "bao-token", TOKEN)
    store = {"url": url._replace(password=None).render_as_string(), "password": {"file": str(password)}}
    keys = {
        "provider": "openbao",
        "openbao": {"address": bao.address, "token": {"file": str(token)}, "timeout_seconds": 2},
    }
    return f"workers: 2\nstore: {json.dumps(store)}\nkeys: {json.dumps(keys)}\n"


def test_a_proxy_on_servers(served: Town, bao: StubBao) -> None:
    """It protects, finds, rotates and shreds; a key server that hangs or is sealed stops what needs it alone."""
    key, gone = served.meet("one"), served.meet("gone")
    assert served.stored(key)["address"].startswith("lp1.")
    assert {shown["email"] for _, shown in served.everywhere(key)} == {"one@example.org"}

    assert served.keys("rotate")["epoch"] == 2
    assert served.keys("rotate", "--index")["values"] == 2
    assert {shown["email"] for _, shown in served.everywhere(key)} == {"one@example.org"}
    assert set(served.finds("one@example.org")) == {1}

    assert {shown["address"] for _, shown in served.everywhere(gone)} == {"gone Lane"}
    canary = served.stored(gone)["address"]
    served.erase(gone)
    assert set(served.finds("gone@example.org")) == {0}
    served.overwrite(key, address=canary)
    for other, mail in ((gone, None), (key, "one@example.org")):
        for _, shown in served.everywhere(other):
            assert (shown["email"], shown["address"]) == (mail, None)

    forget(served)
    for trouble, over in ((bao.hangs.set, bao.hangs.clear), (seal(bao), unseal(bao))):
        trouble()
        forget(served)
        others: list[int] = []
        beside = threading.Thread(target=ask_for_others, args=(served, key, others))
        beside.start()
        assert served.read(key)[0] == 503
        beside.join()
        assert others == [200] * 8
        said = served.tried("status")
        assert said.returncode == 1
        assert "the provider cannot be asked" in json.loads(said.stdout)["findings"][0]
        over()
        until(lambda: served.read(key)[0] == 200)


def test_a_database_that_is_gone(
    served: Town, postgresql_server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What needs it is refused, and /ready says so; what needs none goes on."""
    key = served.meet("two")
    assert served.read(key)[0] == 200
    name = str(served.kept().store._engine.url.database)
    with postgresql_server.closed(name):
        until(lambda: served.read(key)[0] == 503)
        assert served.ask(f"{CONTACTS}/{key}?properties=firstname")[0] == 200
        until(lambda: "store: the store cannot be reached" in served.run.ask_admin("/ready")[1])
    until(lambda: served.read(key)[0] == 200)


def ask_for_others(town: Town, key: str, got: list[int]) -> None:
    """Ask for what has no protected field, and write down the statuses."""
    got += [town.ask(f"{CONTACTS}/{key}?properties=firstname")[0] for _ in range(8)]


def forget(town: Town) -> None:
    """Have every process forget what it remembers of keys."""
    kept = town.kept()
    with kept.keys.generation.changing():
        pass
    kept.close()


def seal(bao: StubBao):
    """Return what seals the server."""
    return lambda: setattr(bao, "sealed", True)


def unseal(bao: StubBao):
    """Return what unseals it."""
    return lambda: setattr(bao, "sealed", False)
