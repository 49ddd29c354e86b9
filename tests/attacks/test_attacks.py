"""Every case of the corpus against a real lane, and against no lane at all, where each of them has to hit."""

from collections.abc import Iterator

import pytest

from tests.attacks.corpus import Case, load
from tests.attacks.target import Target, leaks, lychgate, nothing

CASES = load()
WANTED = [case for case in CASES if case.wanted]
ATTACKS = [case for case in CASES if not case.wanted]


def _name(case: Case) -> str:
    return f"{case.id}: {case.name}"


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A real installation."""
    with lychgate(tmp_path_factory.mktemp("attacked") / "installation") as target:
        yield target


@pytest.fixture(scope="module")
def bare() -> Iterator[Target]:
    """The CRM alone."""
    with nothing() as target:
        yield target


@pytest.mark.parametrize("case", WANTED, ids=_name)
def test_wanted_traffic_is_kept(protected: Target, case: Case) -> None:
    """What people need goes on working: a wall that stops everything would pass every other test here."""
    outcome = protected.fire(case.lane, case.request, case.answer)
    assert not case.lost(outcome)
    assert not case.hit(outcome)


@pytest.mark.parametrize("case", ATTACKS, ids=_name)
def test_attack_is_stopped(protected: Target, case: Case) -> None:
    """Nothing that the caller may not learn comes back, and nothing it may not ask goes out."""
    outcome = protected.fire(case.lane, case.request, case.answer)
    assert not case.hit(outcome)
    assert not case.lost(outcome)


@pytest.mark.parametrize("case", ATTACKS, ids=_name)
def test_attack_hits_where_nothing_stops_it(bare: Target, case: Case) -> None:
    """A case that harms nobody when Lychgate is away shows nothing when it is there."""
    assert case.hit(bare.fire(case.lane, case.request, case.answer))


def test_nothing_of_all_this_is_written_down(protected: Target) -> None:
    """No canary is in the ledger, the log, the metrics or any other file; all are fired for it."""
    for case in CASES:
        protected.fire(case.lane, case.request, case.answer)
    assert not leaks(protected.kept())


def test_the_catalogue_is_covered() -> None:
    """Sections 3.1 to 3.9 of the catalogue each have their cases here."""
    families = {case.id.partition("-")[0] for case in ATTACKS}
    assert families >= {"PD", "CE", "CS", "XM", "FO", "MP", "RC", "WF", "HC", "IO", "ID", "WP"}
