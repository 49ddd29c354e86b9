"""proxy.workers.lanes: what a configuration says of limits is what a lane and a process are held to."""

from dataclasses import fields
from pathlib import Path

from addons.lane import Limits
from proxy.config import Config, LaneLimits, ProcessLimits, load_config
from proxy.workers.lanes import lane_limits, lane_spec, process_limits

TEXT = """\
apiVersion: lychgate.dev/v1
kind: Gateway
{process}
lanes:
  - name: crm
    listen: 127.0.0.1:0
    upstream: {{url: "https://crm.example.com"}}
    credential: {{env: CRM_TOKEN}}
    connector: salesforce
    {lane}
"""


def config(folder: Path, lane: str = "", process: str = "") -> Config:
    """Return a configuration with some limits."""
    path = folder / "lychgate.yaml"
    path.write_text(TEXT.format(lane=lane, process=process), "utf-8")
    return load_config(path)


def test_what_nobody_wrote_is_what_holds_by_itself(tmp_path: Path) -> None:
    """Of a lane and of a process."""
    found = config(tmp_path)
    assert lane_limits(found.lanes[0]) == process_limits(found) == Limits()


def test_what_is_written_holds(tmp_path: Path) -> None:
    """Each by its name; half of the places are one caller's, unless that is written too."""
    lane = (
        "limits: {head_fields: 64, upload_bytes_per_second: 9, upstream_age_seconds: 7, upstream_connections: 8}"
    )
    found = config(tmp_path, lane, "limits: {connections: 100, buffered_mib: 16}")
    limits = lane_spec(found.lanes[0]).limits
    assert limits is not None
    assert (limits.head_fields, limits.rate_floor, limits.upstream_age) == (64, 9, 7)
    assert (limits.upstream_connections, limits.upstream_per_caller, limits.upstream_streams) == (8, 4, 8)
    whole = process_limits(found)
    assert (whole.connections, whole.connections_per_peer) == (100, 100)
    assert (whole.buffered_bytes, whole.caller_bytes) == (16 << 20, 16 << 20)


def test_every_limit_there_is_can_be_written() -> None:
    """None is forgotten when one is added."""
    called = {"rate_floor": "upload_bytes_per_second", "upstream_age": "upstream_age_seconds"}
    called |= {"buffered_bytes": "buffered_mib", "caller_bytes": "caller_mib"}
    names = {called.get(field.name, field.name) for field in fields(Limits)}
    assert names == {*LaneLimits.model_fields, *ProcessLimits.model_fields}
