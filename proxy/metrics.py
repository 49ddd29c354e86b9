"""What Prometheus may know: counts, sizes and times, with labels from closed sets.

No label holds a principal, a path, a record, a field or anything a client can choose, so the number of
series is fixed by the configuration. Children are looked up once and kept: a label look-up per request costs
more than the count.
"""

from collections.abc import Callable, Iterable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
BYTES = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216)


class Metrics:
    """Every series of one process, in a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series per counter, which says only when the process began
        self.registry = CollectorRegistry()
        decisions = self._counter("decisions", "Field decisions, by what came of them.", "lane action effect")
        transforms = self._counter("transforms", "Kinds of transformation applied to answers.", "lane kind")
        gaps = self._counter("gaps", "Things policy has no word for.", "lane kind")
        refusals = self._counter("refusals", "Exchanges refused, by stage and HTTP status.", "lane stage status")
        exchanges = self._counter("exchanges", "Exchanges ended, by outcome.", "lane outcome")
        seconds = self._histogram("exchange_seconds", "Time, by part of the exchange.", "lane part", SECONDS)
        sizes = self._histogram("body_bytes", "Sizes of decoded bodies.", "lane direction", BYTES)
        reloads = self._counter("policy_reloads", "Policy reloads, by result.", "result")
        self.decision = cache(decisions.labels)
        self.transform = cache(transforms.labels)
        self.gap = cache(gaps.labels)
        self.refusal = cache(refusals.labels)
        self.exchange = cache(exchanges.labels)
        self.seconds = cache(seconds.labels)
        self.bytes = cache(sizes.labels)
        self.reload = cache(reloads.labels)
        self._digests: dict[str, str] = {}
        self._policy = Gauge(
            "lychgate_policy_info",
            "1 for the policy set in force.",
            ["lane", "digest"],
            registry=self.registry,
        )

    def _counter(self, name: str, text: str, labels: str) -> Counter:
        return Counter(f"lychgate_{name}", text, labels.split(), registry=self.registry)

    def _histogram(self, name: str, text: str, labels: str, buckets: Iterable[float]) -> Histogram:
        return Histogram(
            f"lychgate_{name}", text, labels.split(), registry=self.registry, buckets=tuple(buckets)
        )

    def policy(self, lane: str, digest: str) -> None:
        """Say which policy set a lane enforces from now on; the former one's series ends."""
        if lane in self._digests:
            self._policy.remove(lane, self._digests[lane])
        self._digests[lane] = digest
        self._policy.labels(lane, digest).set(1)

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge that is read when somebody scrapes."""
        Gauge(f"lychgate_{name}", text, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """Return every series in Prometheus' text format."""
        return generate_latest(self.registry)
