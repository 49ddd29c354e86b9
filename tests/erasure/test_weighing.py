"""Exceptions, denials and extensions: what each law has, with reasons that can go into a letter."""

import pytest

from proxy.erasure import Case, Exempt, OutOfTurn, State
from proxy.erasure.case import DENIALS
from proxy.erasure.law import LAWS
from proxy.erasure.weighing import clock, denied, excepted, extended, refuse_begun
from proxy.errors import LychgateError

DAY = 86_400
RECEIVED = 1_768_478_400  # 2026-01-15
CASE = Case("case0001", State.VERIFIED, RECEIVED, "gdpr", "objection", "operator")


def exempt(word: str, *categories: str) -> Exempt:
    """Return an exception as somebody applies it."""
    return Exempt("except-1", word, "the court has the case", "legal", RECEIVED, categories)


@pytest.mark.parametrize(
    ("law", "word", "provision"),
    [(law.name, word, text) for law in LAWS.values() for word, text in law.exceptions.items()],
)
def test_every_exception_denies_a_case_with_its_provision(law: str, word: str, provision: str) -> None:
    """Applied to the whole of it; the reason says provision, why, and what the person can do about it."""
    after = excepted(CASE.put(law=law), exempt(word))
    assert (after.state, after.denied) == (State.DENIED, "claim_not_covered")
    assert after.reason == f"{provision}: the court has the case. {LAWS[law].remedy}".strip()


def test_the_five_exceptions_of_the_gdpr() -> None:
    """Art. 17(3)(a) to (e), each under one word."""
    found = sorted(LAWS["gdpr"].exceptions.values())
    assert found == [f"GDPR Art. 17(3)({letter})" for letter in "abcde"]


def test_an_exception_for_some_categories_lets_the_case_go_on() -> None:
    """It stands on the case, and who agreed before agreed to something else."""
    after = excepted(CASE, exempt("legal_claims", "user.financial"))
    assert after.state is State.VERIFIED
    assert [one.categories for one in after.exempt] == [("user.financial",)]


def test_a_law_has_only_its_own_exceptions() -> None:
    """What is not among them is told with those that are."""
    with pytest.raises(LychgateError, match="ccpa has no exception 'archiving'; it has: legal_duty, tr"):
        excepted(CASE.put(law="ccpa"), exempt("archiving"))
    with pytest.raises(LychgateError, match="hipaa has no exception 'legal_duty'; it has: none"):
        excepted(CASE.put(law="hipaa"), exempt("legal_duty"))


@pytest.mark.parametrize("why", DENIALS)
def test_a_case_is_denied_in_one_of_a_few_words(why: str) -> None:
    """Each with a sentence of somebody's own."""
    after = denied(CASE, why, "We do not know this person")
    assert (after.state, after.denied) == (State.DENIED, why)
    assert after.reason.startswith("We do not know this person. A complaint can be lodged")


def test_nothing_is_denied_in_other_words_or_too_late() -> None:
    """A word that nobody knows, and a case that is over or has begun."""
    with pytest.raises(LychgateError, match="one of: suspected_fraud"):
        denied(CASE, "because", "no")
    for state in (State.ERASING, State.FINAL, State.DENIED):
        with pytest.raises(OutOfTurn):
            denied(CASE.put(state=state), "other", "no")
    with pytest.raises(LychgateError, match="has begun"):
        refuse_begun(CASE.put(state=State.ERASING))
    refuse_begun(CASE)


EXTENSIONS = [
    # law, due day once it is extended
    ("gdpr", "2026-04-15"),
    ("ccpa", "2026-04-15"),
]


@pytest.mark.parametrize(("law", "due"), EXTENSIONS)
def test_a_case_is_extended_once_within_its_first_period(law: str, due: str) -> None:
    """By what its law gives; the reason is kept, since the person has to be told it."""
    case = CASE.put(law=law)
    after = extended(case, " very many records ", RECEIVED + 20 * DAY)
    assert after.due.date().isoformat() == due
    assert after.extension is not None
    assert after.extension.because == "very many records"
    with pytest.raises(LychgateError, match="extended before"):
        extended(after, "more", RECEIVED + 21 * DAY)
    with pytest.raises(LychgateError, match="had to be told within it"):
        extended(case, "late", RECEIVED + 50 * DAY)
    with pytest.raises(LychgateError, match="has its answer"):
        extended(case.put(state=State.LIVE_COMPLETE), "late", RECEIVED + DAY)


@pytest.mark.parametrize("law", sorted(set(LAWS) - {"gdpr", "ccpa"}))
def test_a_law_without_a_longer_period_is_not_extended(law: str) -> None:
    """It says until when there is."""
    with pytest.raises(LychgateError, match=f"{law} has no longer period; the case is due 2026-"):
        extended(CASE.put(law=law), "many records", RECEIVED + DAY)


CLOCKS = [
    # days, state, extended, what is told
    (1, State.VERIFIED, False, ""),
    (27, State.AWAITING_CONFIRMATION, False, "near"),
    (33, State.HELD, False, "passed"),
    (33, State.HELD, True, ""),  # the longer period has room
    (33, State.FAILED, False, "passed"),  # begun is not answered
    (33, State.PARTIAL, False, "passed"),
    (33, State.LIVE_COMPLETE, False, ""),
    (33, State.DENIED, False, ""),
]


@pytest.mark.parametrize(("days", "state", "longer", "told"), CLOCKS)
def test_a_clock_runs_until_there_is_an_answer(days: int, state: State, longer: bool, told: str) -> None:
    """Whoever waits for people, or is stuck, is told of as well."""
    assert clock(CASE.put(state=state, extended=longer), RECEIVED + days * DAY) == told
