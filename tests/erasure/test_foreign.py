"""How the Data Rights Protocol and Fides call what a case has come to."""

from typing import get_args

import pytest

from proxy.api.shapes_foreign import DrpStatus
from proxy.erasure import Case, Extension, Origin, State
from proxy.erasure.case import DENIALS
from proxy.erasure.foreign import below, drp_state, drp_status, fides_state, parsed_time, plain_path, standing

CASE = Case(
    "case0001", State.VERIFIED, 1_768_478_400, "ccpa", "request", "a",
    origin=Origin("drp", "a", "a-1"), reason="a reason for us",
)  # fmt: skip


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_word_of_theirs(state: State) -> None:
    """One of those that each protocol knows, and an object that fits its schema."""
    case = CASE.put(state=state, denied="no_match")
    told = drp_status(case)
    DrpStatus.model_validate(told, strict=True)
    assert told["status"] in get_args(DrpStatus.model_fields["status"].annotation)
    assert fides_state(case) in {"", "eligible", "not_eligible", "done"}
    assert ("expected_by" in told) == (told["status"] == "in_progress")


@pytest.mark.parametrize("why", DENIALS)
def test_a_denial_says_why_in_the_protocols_word(why: str) -> None:
    """With the reason that was written for the person; in no other state is that told."""
    denied = CASE.put(state=State.DENIED, denied=why, reason="You are unknown to us.")
    assert drp_state(denied) == ("denied", why)
    assert drp_status(denied)["processing_details"] == "You are unknown to us."
    assert "processing_details" not in drp_status(CASE)


@pytest.mark.parametrize("state", [State.LIVE_INCOMPLETE, State.FINAL_INCOMPLETE])
def test_what_is_done_in_part_is_not_told_as_done(state: State) -> None:
    """None of their words says that a part was; `fulfilled` and `done` would be untrue."""
    case = CASE.put(state=state, reason="the CRM refuses")
    told = drp_status(case)
    assert (told["status"], told["reason"], told["processing_details"]) == ("denied", "other", "the CRM refuses")
    assert fides_state(case) != "done"
    assert standing(case)[0].endswith("incomplete")


def test_an_extension_is_told_with_its_reason() -> None:
    """As 3.08 has it: a later day, and why."""
    longer = CASE.put(extended=True, extension=Extension(1_768_500_000, "very many records"))
    assert drp_status(longer)["expected_by"] > drp_status(CASE)["expected_by"]
    assert drp_status(longer)["processing_details"] == "very many records"


def test_the_person_is_sent_where_it_can_prove_itself() -> None:
    """Only where there is such a place; the reason without it would break the protocol."""
    case = CASE.put(state=State.IDENTITY_PENDING)
    assert drp_status(case, verification_url="https://a.example/x")["reason"] == "need_user_verification"
    assert "reason" not in drp_status(case)


def test_a_request_without_a_name_of_its_own_has_none() -> None:
    """What we call it by is ours."""
    assert drp_status(CASE)["agent_request_id"] == "a-1"
    assert "agent_request_id" not in drp_status(CASE.put(origin=Origin("drp", "a", "sha256:00")))


@pytest.mark.parametrize("text", ["2026-05-01T10:00:00", "yesterday", "", 7, None])
def test_a_time_says_its_offset(text: object) -> None:
    """Anything else is none."""
    assert parsed_time(text) is None
    assert parsed_time("2026-05-01T10:00:00Z") == parsed_time("2026-05-01T12:00:00+02:00")


def test_a_place_to_call_back_is_below_the_one_that_is_configured() -> None:
    """It neither goes on with the name of the server nor steps up, and says nothing in two ways."""
    for path in ("/", "/a", "/a/b/", "/privacy-request/pri_1/resume", "/a..b/@c:d"):
        assert plain_path(path), path
        assert below("https://x.example", f"https://x.example{path}")
    for path in (
        "",
        "a",
        "@b/c",
        ".b/c",
        ":1/c",
        "//b",
        "/a//b",
        "/..",
        "/a/./b",
        "/a/%2e%2e",
        "/a?b",
        "/é",
        "/a\n",
    ):
        assert not plain_path(path), path
        assert below("https://x.example", f"https://x.example{path}") is (path == "")
