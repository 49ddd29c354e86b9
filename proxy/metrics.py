"""What Prometheus may know: counts, sizes and times, with labels from closed sets.

No label holds a principal, a path, a record, a field or anything a client can choose, so the number of
series is fixed by the configuration. Children are looked up once and kept: a label look-up per request costs
more than the count.

Why counts of our own under prometheus-client's registry: its children take a lock for each count, because any
thread may. Ours are counted and scraped on the one thread of the event loop, a dozen times per request.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, chain
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
BYTES = (256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0)


class Count:
    """One series that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def inc(self, by: int = 1) -> None:
        """Add to it."""
        self.value += by

    def numbers(self) -> list[float]:
        """Return what `plus` takes."""
        return [self.value]

    def plus(self, numbers: Sequence[float]) -> None:
        """Add what another process counted."""
        self.value += int(numbers[0])


class Spread:
    """How observed values are spread over buckets; a value on a bound belongs below it."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def numbers(self) -> list[float]:
        """Return what `plus` takes."""
        return [*self.counts, self.total]

    def plus(self, numbers: Sequence[float]) -> None:
        """Add what another process observed."""
        *counts, total = numbers
        self.counts = [ours + int(theirs) for ours, theirs in zip(self.counts, counts, strict=True)]
        self.total += total


Counted = dict[str, list[tuple[tuple[str, ...], list[float]]]]
"""All that a process has counted: by family, the values of the labels and the numbers of each series."""


class Series(Protocol):
    """One series of a family."""

    def numbers(self) -> list[float]:
        """Return all that is counted, as numbers that can be added up."""

    def plus(self, numbers: Sequence[float]) -> None:
        """Add such numbers."""


class Family[C: Series](Collector):
    """The series of one name, by the values of their labels."""

    def __init__(
        self, make: Callable[[], C], write: Callable[[list[tuple[tuple[str, ...], C]]], Metric]
    ) -> None:
        self._make = make
        self._write = write
        self._children: dict[tuple[str, ...], C] = {}
        self.others: list[list[tuple[tuple[str, ...], list[float]]]] = []
        """What other processes counted under this name, to be shown in one sum with ours."""

    def child(self, *labels: str) -> C:
        """Return the series with these values, made if it is new."""
        found = self._children.get(labels)
        if found is None:
            found = self._children[labels] = self._make()
        return found

    def collect(self) -> Iterator[Metric]:
        """Yield what is counted by now."""
        if not self.others:
            yield self._write(list(self._children.items()))
            return
        summed: dict[tuple[str, ...], C] = {}
        for labels, numbers in chain(self.counted(), *self.others):
            summed.setdefault(tuple(labels), self._make()).plus(numbers)
        yield self._write(list(summed.items()))

    def counted(self) -> list[tuple[tuple[str, ...], list[float]]]:
        """Return what we have counted."""
        return [(labels, child.numbers()) for labels, child in self._children.items()]


class Metrics:
    """Every series of one process, in a registry of its own; for the event loop's thread alone."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._families: dict[str, Family[Count] | Family[Spread]] = {}
        self.decision = self._counts("decisions", "Field decisions, by what came of them.", "lane action effect")
        self.transform = self._counts("transforms", "Kinds of transformation applied to answers.", "lane kind")
        self.gap = self._counts("gaps", "Things policy has no word for.", "lane kind")
        self.refusal = self._counts(
            "refusals", "Exchanges refused, by stage and HTTP status.", "lane stage status"
        )
        self.exchange = self._counts("exchanges", "Exchanges ended, by outcome.", "lane outcome")
        self.protected = self._counts(
            "protected_values", "Values of protected fields in answers, by what became of them.", "lane fate"
        )
        self.violation = self._counts(
            "integrity_violations", "Protected values that do not stand where they were put.", "lane"
        )
        self.seconds = self._spreads("exchange_seconds", "Time, by part of the exchange.", "lane part", SECONDS)
        self.bytes = self._spreads("body_bytes", "Sizes of decoded bodies.", "lane direction", BYTES)
        self.reload = self._counts("policy_reloads", "Policy reloads, by result.", "result")
        self.replaced = self._counts("workers_replaced", "Worker processes that were replaced, by why.", "why")
        self.api = self._counts("erasure_api_answers", "Answers of the erasure API.", "operation status")
        self._in_force: dict[str, tuple[str, str]] = {}
        self._policy = Gauge(
            "lychgate_policy_info",
            "1 for the policy set in force.",
            ["lane", "digest", "commit"],
            registry=self.registry,
        )

    def _counts(self, name: str, text: str, labels: str) -> Callable[..., Count]:
        def write(children: list[tuple[tuple[str, ...], Count]]) -> Metric:
            metric = CounterMetricFamily(f"lychgate_{name}", text, labels=labels.split())
            for values, count in children:
                metric.add_metric(values, count.value)
            return metric

        family = self._families[name] = Family(Count, write)
        return self._kept(family)

    def _spreads(self, name: str, text: str, labels: str, bounds: tuple[float, ...]) -> Callable[..., Spread]:
        ends = [*map(str, bounds), "+Inf"]

        def write(children: list[tuple[tuple[str, ...], Spread]]) -> Metric:
            metric = HistogramMetricFamily(f"lychgate_{name}", text, labels=labels.split())
            for values, spread in children:
                buckets = list(zip(ends, accumulate(spread.counts), strict=True))
                metric.add_metric(values, buckets, spread.total)
            return metric

        family = self._families[name] = Family(lambda: Spread(bounds), write)
        return self._kept(family)

    def _kept[C: Series](self, family: Family[C]) -> Callable[..., C]:
        self.registry.register(family)
        return cache(family.child)

    def policy(self, lane: str, digest: str, commit: str = "") -> None:
        """Say which policy set a lane enforces from now on; the former one's series ends."""
        if lane in self._in_force:
            self._policy.remove(lane, *self._in_force[lane])
        self._in_force[lane] = (digest, commit)
        self._policy.labels(lane, digest, commit).set(1)

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge that is read when somebody scrapes."""
        Gauge(f"lychgate_{name}", text, registry=self.registry).set_function(value)

    def counted(self) -> Counted:
        """Return all that was counted, for a process that shows the sum of several; gauges are its own."""
        return {name: family.counted() for name, family in self._families.items()}

    def absorb(self, counted: Counted) -> None:
        """Add what another process counted to what we did, for good."""
        for name, series in counted.items():
            for labels, numbers in series:
                self._families[name].child(*labels).plus(numbers)

    def text(self, others: Iterable[Counted] = ()) -> bytes:
        """Return every series in Prometheus' text format, what `others` counted included."""
        found = list(others)
        for name, family in self._families.items():
            family.others = [counted[name] for counted in found if name in counted]
        return generate_latest(self.registry)
