"""Ports are kept for the processes of one installation."""

import socket
from pathlib import Path

import pytest

from proxy.config import Config, load_config, split_address
from proxy.demo.installation import LaneOf, make_installation
from proxy.workers.lanes import lane_spec, reserved


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """One lane on any port."""
    lane = LaneOf(0, "http://127.0.0.1:9", "secret")
    return load_config(make_installation(tmp_path / "gateway", {"hubspot": lane}, admin=0).config)


def test_a_reserved_port_can_be_shared_and_is_known(config: Config) -> None:
    """Every worker is told the same free port; the configuration survives the way there."""
    with reserved(config) as chosen:
        host, port = split_address(chosen.lanes[0].listen)
        assert port > 0
        assert Config.model_validate_json(chosen.model_dump_json()) == chosen
        for _ in range(2):
            with socket.create_server((host, port), reuse_port=True):
                pass
    assert lane_spec(chosen.lanes[0]).listen_port == port


def test_a_port_that_somebody_listens_on_is_refused(config: Config) -> None:
    """Also when that one would share it: an installation shares with nobody but itself."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        taken = config.model_copy(update={"lanes": (config.lanes[0].model_copy(update={"listen": listen}),)})
        with pytest.raises(OSError, match="in use"), reserved(taken):
            pass
