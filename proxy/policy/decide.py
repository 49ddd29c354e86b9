"""The decision: pure, total, without a clock or I/O, and the same for a request and for what came back."""

from types import MappingProxyType
from typing import Final

from proxy.model import Access, Decision, Outcome
from proxy.policy.compile import Plan

_NOTHING: Final = MappingProxyType[str, Outcome]({})


def decide(plan: Plan, access: Access) -> Decision:
    """Return what the principal may see or do; whatever is not in the answer is denied.

    A plan that was made for another action or object answers nothing: everything is denied.
    """
    decision = plan.decision
    if decision.action is not access.action or decision.object != access.object:
        return Decision(access.action, access.object, _NOTHING)
    return decision
