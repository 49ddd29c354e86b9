"""The algebra of one cell: what the rules that match it come to.

A cell is (roles, purpose, recipient, action, object, field). With G its matching grants and W its guards:

    no grant        deny
    otherwise       max(min(G), max(W))        on allow < mask < tokenize < encrypt < redact < deny

Masks are compared by strength. Two *different* masks of equal strength cannot be compared; a policy in which
they can meet is refused when it loads (LG104), and should they meet all the same, the field is redacted.
"""

from collections.abc import Iterable

from proxy.model import DENIED, Effect, Outcome
from proxy.policy.rules import Rule


def combine(grants: Iterable[Rule], guards: Iterable[Rule]) -> Outcome:
    """Return the outcome of one cell; the order of rules does not matter.

    The rule named is the one that decided; among equals the one whose id sorts first.
    """
    doors = tuple(grants)
    if not doors:
        return DENIED
    opened = min(rule.weight for rule in doors)
    counted = [rule for rule in doors if rule.weight == opened]
    counted += guards
    heaviest = max(rule.weight for rule in counted)
    deciding = min((rule for rule in counted if rule.weight == heaviest), key=_by_id)
    if deciding.effect < Effect.REDACT and _clash(counted):
        return Outcome(Effect.REDACT, None, deciding.id)
    return Outcome(deciding.effect, deciding.mask, deciding.id)


def differ(one: Rule, other: Rule) -> bool:
    """Tell whether two rules put masks that cannot be compared: of equal strength, but not the same."""
    if one.mask is None or other.mask is None or one.weight != other.weight:
        return False
    return (one.mask.kind, one.mask.params) != (other.mask.kind, other.mask.params)


def _clash(rules: Iterable[Rule]) -> bool:
    seen: dict[tuple[int, int], Rule] = {}
    return any(differ(seen.setdefault(rule.weight, rule), rule) for rule in rules if rule.mask)


def _by_id(rule: Rule) -> str:
    return rule.id
