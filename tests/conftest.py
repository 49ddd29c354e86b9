"""What every test shares: under CI a skipped test is a failed one, since a skip proves nothing.

No test fails for being slow: machines are.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import URL

from proxy.store.store import url_of
from tests.services import PostgreSQL, SoftHsm, postgresql, softhsm

settings.register_profile("lychgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lychgate")


SLOW = (
    "tests/e2e/test_kill.py",
    "tests/e2e/test_abuse.py",
    "tests/erase/",
    "tests/crm/",
    "tests/e2e/",
    "tests/workers/",
)
"""Where the longest files are: they begin first, so that no process is left alone with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the longest files begin first."""

    def rank(item: pytest.Item) -> int:
        return next((number for number, part in enumerate(SLOW) if part in item.nodeid), len(SLOW))

    items.sort(key=rank)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a CI run in which something was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") == "true" and skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """Give a real PostgreSQL server, the same for all tests."""
    with postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """Give a new database, once of either kind."""
    if request.param == "sqlite":
        yield url_of(tmp_path / "s.db")
        return
    with request.getfixturevalue("postgresql_server").database() as made:
        yield made


@pytest.fixture(scope="session")
def softhsm_token() -> Iterator[SoftHsm]:
    """Give a real PKCS#11 token, the same for all tests: a library reads where it is once per process."""
    with softhsm() as token:
        yield token
