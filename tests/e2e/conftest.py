"""Lychgate as its users meet it: processes, sockets and SDKs; in one file, an installation without sockets."""

from collections.abc import Iterator

import pytest

from tests.e2e.harness import GatewayHarness


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHarness]:
    """An installation inside this process."""
    made = GatewayHarness.make(tmp_path_factory.mktemp("harness") / "gateway")
    yield made
    made.close()
