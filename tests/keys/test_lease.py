"""A number in a row: hosts that share nothing but a database never use what was shredded."""

import logging
import threading
import time

import pytest
from sqlalchemy import URL

from proxy.keys import CHAPTER, LeasedNumber
from proxy.store import Store
from tests.services import PostgreSQL

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
LEASE = 0.6


@pytest.fixture
def store(database_url: URL):
    """Give a database with what is kept of keys."""
    opened = Store.open(database_url, (CHAPTER,))
    yield opened
    opened.close()


@pytest.fixture
def hosts(store: Store):
    """Give two hosts' views."""
    made = [LeasedNumber(store, lease=LEASE, period=LEASE / 6) for _ in range(2)]
    yield made
    for each in made:
        each.close()


def test_two_hosts_agree_before_anybody_says_that_it_is_done(hosts: list[LeasedNumber]) -> None:
    """When the change returns, no host goes by the number from before, not even one that could not ask."""
    here, there = hosts
    before = there.now()
    there._ask = lambda: None  # from now on it cannot reach the database
    began = time.monotonic()
    with here.changing():
        pass
    assert time.monotonic() - began >= LEASE
    assert here.now() > before
    assert there.now() == -1


def test_while_it_changes_nobody_remembers(hosts: list[LeasedNumber]) -> None:
    """As soon as a host has asked, it sees an odd number."""
    here, there = hosts
    with here.changing():
        there._ask()
        assert there.now() % 2 == 1
    there._ask()
    assert there.now() % 2 == 0


def test_changes_take_turns(hosts: list[LeasedNumber]) -> None:
    """One at a time, so that none says that all is quiet while another is at work."""
    inside, most = [0], [0]

    def change(number: LeasedNumber) -> None:
        with number.changing():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.05)
            inside[0] -= 1

    threads = [threading.Thread(target=change, args=(each,)) for each in hosts * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_host_that_cannot_ask_remembers_nothing_and_says_so_once(
    hosts: list[LeasedNumber],
    store: Store,
    database_url: URL,
    postgresql_server: PostgreSQL,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its lease runs out; when the database is back, it goes on."""
    here = hosts[0]
    with (
        caplog.at_level(logging.WARNING, "lychgate.keys"),
        postgresql_server.closed(str(database_url.database)),
    ):
        while here.now() >= 0:
            time.sleep(0.01)
        for _ in range(3):
            here._ask()
    assert len([each for each in caplog.records if "not remembered" in each.message]) == len(hosts)
    while here.now() < 0:
        time.sleep(0.01)


def test_a_change_that_raises_moves_the_number_on(hosts: list[LeasedNumber]) -> None:
    """Nobody knows how far it came."""
    here, _ = hosts
    before = here.now()

    def fails() -> None:
        with here.changing():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    here._ask()
    assert here.now() > before
    assert here.now() % 2 == 0
