"""What people are told of a case: counts, states and reasons, and nothing of anybody's data."""

import json

from proxy.api.shapes import CaseInShort, CaseWhole
from proxy.erasure import Exempt, Extension
from proxy.erasure.telling import in_short, whole
from tests.erasure.test_certificate import CASE


def test_it_is_what_the_api_says_that_it_is() -> None:
    """All of it, and no more."""
    case = CASE.put(
        extension=Extension(7, "many"),
        exempt=(Exempt("except-1", "legal_claims", "a claim", "legal", 0, ("user",)),),
    )
    CaseInShort.model_validate_json(json.dumps(in_short(case, 1_767_225_600)))
    CaseWhole.model_validate_json(json.dumps(in_short(case, 1_767_225_600) | whole(case)))


def test_no_value_and_no_record_is_told() -> None:
    """A plan is counted, and named by its hash."""
    text = json.dumps(in_short(CASE, 1_767_225_600) | whole(CASE.put(holds=())))
    for secret in ("mara@example.org", "101"):
        assert secret not in text
    assert CASE.plan is not None
    assert CASE.plan.short in text


def test_a_case_that_is_moved_or_stuck_says_so() -> None:
    """Whoever looks knows whether to wait."""
    told = in_short(CASE, 1_767_225_600, busy=True, trouble="crm_unreadable")
    assert (told["busy"], told["trouble"], told["steps"], told["done"]) == (True, "crm_unreadable", 1, 1)
