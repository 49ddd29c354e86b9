"""What keeps an installation from starting at all."""

from pathlib import Path

import pytest

from proxy.app import build
from proxy.config import load_config
from proxy.demo.installation import LaneOf, make_installation
from proxy.errors import Problems

EXPOSED = [
    # whoever can write here can replace the ledger and the keys
    ("state", 0o777),
    ("state", 0o770),
    # whoever has the key can pretend to be the lane
    ("state/tls/localhost.key", 0o604),
    # rules and configuration that anybody can change are not the ones that were reviewed
    ("lychgate.yaml", 0o666),
    ("policies/example/guards.yaml", 0o666),
    # a CRM credential is nobody else's
    ("state/credentials/hubspot", 0o640),
]


@pytest.mark.parametrize(("name", "mode"), EXPOSED)
def test_files_open_to_others_are_refused_by_name(tmp_path: Path, name: str, mode: int) -> None:
    """Nothing starts on top of what other accounts can change or read, and the path is told."""
    lane = LaneOf(0, "http://127.0.0.1:9", "secret", tls=True)
    made = make_installation(tmp_path / "gateway", {"hubspot": lane}, admin=0)
    (made.folder / name).chmod(mode)
    with pytest.raises(Problems, match=Path(name).name):
        build(load_config(made.config))
