"""Every figure of policy in one table, and Cerbos beside it on a check of the same twenty fields.

    python tests/bench/bench_tables.py [--without-cerbos]

Thread CPU time, the least and the median of five runs: see `costs.py`. Nothing here passes or fails; the
last column says what each figure was meant to be. Made-up sets are those of `bench_policy.py`, the cells those
of `bench_plan.py`, the condition that of `bench_conditions.py`; run these for more about each.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import bench_conditions
import bench_plan
import bench_policy
import cerbos
import twenty_fields
from bench_policy import PAGE, Listing
from costs import RUNS, Cost, cost, cost_on, once, summary, times
from salesforce_page import SalesforcePage

from proxy.model import Action
from proxy.policy import PolicySet, check_policies
from proxy.policy.conditions import check, compile_condition, parse
from proxy.policy.plan import compare
from proxy.transforms import check_mask

US, MS, S = ("us", 1e6), ("ms", 1e3), ("s", 1.0)
SMALL, LARGE = 10, 10_000
PAGES = 20


class Row(NamedTuple):
    """One figure."""

    name: str
    cost: Cost
    unit: tuple[str, float]
    target: float | None = None
    """At most, in the unit; None where nothing was promised."""


def conditions() -> Iterator[Row]:
    """Yield what one condition costs, once it is compiled."""
    found = compile_condition(check(parse(bench_conditions.TEXT), bench_conditions.declared()))
    ask = partial(found.evaluate, bench_conditions.FACTS, bench_conditions.CONTEXT, bench_conditions.NOW)
    assert ask() is True
    yield Row("a condition, six terms, asked of a record", cost(times(20_000, ask)).per(20_000), US, 1.5)


def records(folder: Path) -> Iterator[Row]:
    """Yield what records and pages of them cost."""
    listings = [Listing(bench_policy.recorded(folder), action) for action in (Action.LIST, Action.READ)]
    for listing, said in zip(listings, ("three conditions", "no condition"), strict=True):
        spent = page_cost(listing)
        yield Row(f"record of 30 fields decided and transformed, {said}", spent.per(PAGE), US, 10)
        yield Row(f"page of {PAGE} such records, beyond parse and dump", spent, MS, 2)
    page = SalesforcePage()
    page.check()
    found = cost_on(
        lambda given: [page.release(each) for each in given], lambda: [page.fresh() for _ in range(PAGES)]
    )
    size = f"{len(page.body) / 1000:.0f} kB"
    yield Row(f"page of {PAGE} contacts ({size}) found, pruned, decided, transformed", found.per(PAGES), MS)


def page_cost(listing: Listing) -> Cost:
    """Return what a page costs."""
    listing.redact(listing.pages(1)[0])
    spent = cost_on(lambda pages: [listing.redact(page) for page in pages], lambda: listing.pages(PAGES))
    return spent.per(PAGES)


def loading(folder: Path) -> Iterator[Row]:
    """Yield what it costs to load and check 200 rules."""
    for said, conditional in (("none with a condition", False), ("half with conditions, no two alike", True)):
        bench_policy.write(folder, 200, conditional=conditional)
        load = partial(check_policies, folder, {"crm": bench_policy.catalogue()}, check_mask=check_mask)
        assert load().policies is not None
        yield Row(f"200 rules loaded and checked, {said}", cost(load), MS, 150)


def planning() -> Iterator[Row]:
    """Yield what comparing two large sets costs, cell by cell."""
    cells = compare(*bench_plan.sides(), today=bench_plan.TODAY).cells
    spent = cost_on(lambda sides: compare(*sides, today=bench_plan.TODAY), bench_plan.sides)
    yield Row(f"plan: two sets compared in {cells:,} cells", spent, S, 3)


def flat(folder: Path) -> Iterator[Row]:
    """Yield what deciding costs with few rules and with many, run in turn, and the ratio of the two.

    The many are 100 to an object, and all 100 match the decision that is asked again. What a record costs
    grows with the distinct conditions about its object, and those are the same three in both sets; what does
    grow with the rules is the first question, which makes the plan that all others read.
    """
    sets: list[PolicySet] = []
    for count in (SMALL, LARGE):
        (kept := folder / str(count)).mkdir()
        sets.append(bench_policy.recorded(kept, count))
    question = bench_policy.question(1)
    listings = [Listing(each, Action.LIST) for each in sets]
    works: dict[str, list[tuple[Callable[[], object], int]]] = {
        "a decision, asked again": [
            (times(20_000, partial(bench_policy.ask, each, question)), 20_000) for each in sets
        ],
        f"{PAGE} records decided by three conditions": [(times(50, listing.decide), 50) for listing in listings],
    }
    for said, (few, many) in works.items():
        rounds = [(once(few[0]) / few[1], once(many[0]) / many[1]) for _ in range(RUNS)]
        for count, seconds in zip((SMALL, LARGE), zip(*rounds, strict=True), strict=True):
            yield Row(f"{said}, {count:,} rules", summary(list(seconds)), US)
        ratio = Cost(
            min(each[1] for each in rounds) / min(each[0] for each in rounds),
            summary([more / less for less, more in rounds]).median,
        )
        yield Row("  how many times as much", ratio, ("x", 1.0), 1.2)
    for count, each in zip((SMALL, LARGE), sets, strict=True):
        yield Row(
            f"a decision, asked for the first time (makes its plan), {count:,} rules", first(each), US, 500
        )


def first(policies: PolicySet) -> Cost:
    """Return what a question costs that nobody has asked of these policies before."""
    unasked = iter(range(2, bench_policy.OBJECTS))
    some = bench_policy.OBJECTS // RUNS - 1

    def questions() -> list[bench_policy.Question]:
        return [bench_policy.question(next(unasked)) for _ in range(some)]

    asked = cost_on(lambda these: [bench_policy.ask(policies, each) for each in these], questions)
    return asked.per(some)


def show(row: Row) -> None:
    """Print one row."""
    unit, scale = row.unit
    least, median = row.cost.least * scale, row.cost.median * scale
    said = "" if row.target is None else f"<= {row.target:g} {unit}"
    if row.target is not None and least > row.target:
        said += "  MISSED"
    print(f"  {row.name:71} {least:9.2f} {median:9.2f} {unit:2}  {said}", flush=True)


def beside(folder: Path) -> None:
    """Print what asking Cerbos costs, and what the same decisions cost in process."""
    for name in ("ours", "theirs"):
        (folder / name).mkdir()
    ours = twenty_fields.policies(folder / "ours")
    try:
        same, one, many = twenty_fields.theirs(folder / "theirs", ours)
    except cerbos.Absent as why:
        print(f"  Cerbos was not measured: {why}.")
        return
    most = twenty_fields.MOST
    alone, among = twenty_fields.ours_once(ours), twenty_fields.ours_among_many(ours)
    print(f"  {same} answers compared beforehand: all alike")
    print(f"  {'':71} {'least':>9} {'median':>9}")
    for row in (
        Row("Cerbos, 1 record x 20 fields a request: CPU of its server", one.cpu, US),
        Row(
            f"Cerbos, {most} records x 20 fields a request: CPU of its server per record", many.cpu.per(most), US
        ),
        Row("Lychgate, 1 record x 20 fields, a question of its own: CPU in process", alone, US),
        Row("Lychgate, the same for one more record of a request: CPU in process", among, US),
    ):
        show(row)
    print(f"  A client waits {one.waited * 1e6:.0f} us for one, {many.waited * 1e3:.1f} ms for {most} (median).")
    print(
        "  What Cerbos costs holds HTTP, JSON and the checks of a network service; what Lychgate costs does\n"
        "  not: bench_lane.py has it with HTTP around. CPU of the server is from /proc, to 10 ms in a round."
    )


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--without-cerbos", action="store_true")
    given = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"Policy: thread CPU time, least and median of {RUNS} runs")
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load average {load} (1, 5, 15 min)\n")
    print(f"  {'':71} {'least':>9} {'median':>9}     meant to be")
    for part in (conditions, records, loading, planning, flat):
        with tempfile.TemporaryDirectory() as name:
            for row in part() if part in {conditions, planning} else part(Path(name)):
                show(row)
    if not given.without_cerbos:
        print(f"\nBeside Cerbos {cerbos.VERSION}: the same policy in both languages, twenty fields of a record")
        with tempfile.TemporaryDirectory() as name:
            beside(Path(name))


if __name__ == "__main__":
    main()
