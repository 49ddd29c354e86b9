"""What Prometheus may know."""

from proxy.metrics import Metrics


def test_counts_carry_labels_from_closed_sets() -> None:
    """One scrape shows every count under its name."""
    metrics = Metrics()
    metrics.decision("crm", "list", "mask").inc(3)
    metrics.gap("crm", "route").inc()
    metrics.watch("ledger_queue", "Entries waiting.", lambda: 4.0)
    text = metrics.text().decode()
    assert 'lychgate_decisions_total{action="list",effect="mask",lane="crm"} 3.0' in text
    assert 'lychgate_gaps_total{kind="route",lane="crm"} 1.0' in text
    assert "lychgate_ledger_queue 4.0" in text


def test_one_policy_series_per_lane() -> None:
    """A reload replaces the series, so that digests do not pile up."""
    metrics = Metrics()
    for digest in ("sha256:a", "sha256:b", "sha256:c"):
        metrics.policy("crm", digest)
    metrics.policy("other", "sha256:z")
    lines = [
        line for line in metrics.text().decode().splitlines() if line.startswith("lychgate_policy_info{")
    ]
    assert lines == [
        'lychgate_policy_info{digest="sha256:c",lane="crm"} 1.0',
        'lychgate_policy_info{digest="sha256:z",lane="other"} 1.0',
    ]


def test_two_installations_in_one_process_do_not_share_series() -> None:
    """Each has a registry of its own, so tests and embedders do not count each other's traffic."""
    first, second = Metrics(), Metrics()
    first.exchange("crm", "released").inc()
    assert b"lychgate_exchanges_total{" not in second.text()
