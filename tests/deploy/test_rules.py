"""What ships for operators speaks of things that exist."""

import re
from pathlib import Path

import yaml

from proxy.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_every_metric_in_an_alert_exists() -> None:
    """An alert on a misspelt series would never fire."""
    metrics = Metrics()
    metrics.watch("ledger_queue", "x", lambda: 0)
    metrics.watch("ledger_lag_seconds", "x", lambda: 0)
    metrics.watch("checkpoint_failing", "x", lambda: 0)
    metrics.watch("key_provider_failing", "x", lambda: 0)
    metrics.watch("key_drift", "x", lambda: 0)
    metrics.watch("erasure_cases_due_soon", "x", lambda: 0)
    metrics.watch("erasure_cases_overdue", "x", lambda: 0)
    metrics.watch("erasure_swept_returned", "x", lambda: 0)
    known = {line.split()[2] for line in metrics.text().decode().splitlines() if line.startswith("# TYPE")}
    rules = yaml.safe_load((DEPLOY / "prometheus" / "lychgate.rules.yml").read_text())
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    used = {name for text in expressions for name in re.findall(r"lychgate_\w+", text)}
    assert used
    assert used <= known


def test_the_service_runs_what_the_command_line_has() -> None:
    """The unit's commands exist, and it leaves more time to stop than the drain takes by default."""
    from click.testing import CliRunner

    from proxy.cli import cli
    from proxy.config import Config

    unit = (DEPLOY / "systemd" / "lychgate.service").read_text()
    for command in re.findall(r"^Exec\w+=/usr/local/bin/lychgate (\w+) --config \S+(.*)$", unit, re.MULTILINE):
        said = CliRunner().invoke(cli, [command[0], "--help"]).output
        assert "--config" in said
        assert all(option in said for option in command[1].split())
    stop = int(re.search(r"TimeoutStopSec=(\d+)", unit)[1])
    assert stop > Config.model_fields["drain_seconds"].default
