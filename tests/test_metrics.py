"""What Prometheus may know."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest

from proxy.metrics import SECONDS, Metrics


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
    metrics.policy("other", "sha256:z", "0a1b")
    metrics.policy("other", "sha256:z", "2c3d")
    lines = [line for line in metrics.text().decode().splitlines() if line.startswith("lychgate_policy_info{")]
    assert lines == [
        'lychgate_policy_info{commit="",digest="sha256:c",lane="crm"} 1.0',
        'lychgate_policy_info{commit="2c3d",digest="sha256:z",lane="other"} 1.0',
    ]


def test_two_installations_in_one_process_do_not_share_series() -> None:
    """Each has a registry of its own, so tests and embedders do not count each other's traffic."""
    first, second = Metrics(), Metrics()
    first.exchange("crm", "released").inc()
    assert b"lychgate_exchanges_total{" not in second.text()


@given(st.lists(st.one_of(st.sampled_from(SECONDS), st.floats(0, 40))))
def test_times_are_written_as_the_library_writes_them(values: list[float]) -> None:
    """The same values in prometheus-client's own histogram make the same lines, bounds and sums included."""
    disable_created_metrics()
    metrics, library = Metrics(), CollectorRegistry()
    theirs = Histogram(
        "lychgate_exchange_seconds", "", ["lane", "part"], registry=library, buckets=SECONDS
    ).labels("crm", "request")
    for value in values:
        metrics.seconds("crm", "request").observe(value)
        theirs.observe(value)
    lines = metrics.text().decode().splitlines()
    expected = [line for line in generate_latest(library).decode().splitlines() if line[0] != "#"]
    if values:
        assert sorted(line for line in lines if line.startswith("lychgate_exchange_seconds")) == sorted(expected)


def some(counts: list[tuple[str, int]], seconds: list[float]) -> Metrics:
    """Return the metrics of a process that counted this."""
    metrics = Metrics()
    for lane, count in counts:
        metrics.exchange(lane, "released").inc(count)
    for value in seconds:
        metrics.seconds("crm", "request").observe(value)
    return metrics


COUNTS = st.lists(st.tuples(st.sampled_from(("crm", "mail")), st.integers(0, 9)), max_size=4)
# In eighths, so that sums do not depend on their order.
TIMES = st.lists(st.integers(0, 320).map(lambda number: number / 8), max_size=5)


@given(st.lists(st.tuples(COUNTS, TIMES), min_size=1, max_size=4))
def test_the_sum_of_processes_is_what_one_would_have_counted(
    parts: list[tuple[list[tuple[str, int]], list[float]]],
) -> None:
    """Shown beside each other or absorbed for good, series of several processes add up to those of one."""
    whole = some([one for counts, _ in parts for one in counts], [one for _, times in parts for one in times])
    first, *others = (some(counts, times) for counts, times in parts)
    shown = first.text([other.counted() for other in others])
    for other in others:
        first.absorb(other.counted())
    assert lines(shown) == lines(first.text()) == lines(whole.text())


def lines(text: bytes) -> list[str]:
    """Return the series, in an order that does not depend on who was first."""
    return sorted(text.decode().splitlines())
