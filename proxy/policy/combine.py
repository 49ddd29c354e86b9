"""The algebra of one cell: what the rules that match it come to.

A cell is (roles, purpose, recipient, action, object, field). With G its matching grants and W its guards:

    no grant        deny
    otherwise       max(min(G), max(W))        on allow < mask < tokenize < encrypt < redact < deny

A floor that has grants is one more door to pass: with F its matching grants, `max(min(G), min(F), max(W))`,
and deny if F is empty. So whatever a set says, nothing comes out more open than its floor alone would have it. A
copy of what stands in another record has one more again: the grants of that, see `proxy.policy.copies`.

Masks are compared by strength. Two *different* masks of equal strength cannot be compared; a policy in which
they can meet is refused when it loads (LG104), and should they meet all the same, the field is redacted.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from proxy.model import DENIED, Effect, Outcome
from proxy.policy.rules import Rule

OWN: Final = ("",)
"""The layer of the rules that a set has itself."""


def combine(grants: Iterable[Rule], guards: Iterable[Rule], layers: Collection[str] = OWN) -> Outcome:
    """Return the outcome of one cell; the order of rules does not matter.

    The rule named is the one that decided; among equals the one whose id sorts first.

    Args:
        grants: those that match, of every layer.
        guards: those that match.
        layers: whose grants are all needed: the set's own, and each floor that has grants.
    """
    doors: dict[str, list[Rule]] = {}
    for rule in grants:
        doors.setdefault(rule.layer, []).append(rule)
    walls = tuple(guards)
    needed = [
        layer + more for layer in layers for more in ("", *(rule.demands for rule in walls if rule.demands))
    ]
    if not all(layer in doors for layer in needed) or not doors:
        return DENIED
    counted: list[Rule] = []
    for opening in doors.values():
        opened = min(rule.weight for rule in opening)
        counted += [rule for rule in opening if rule.weight == opened]
    counted += [rule for rule in walls if not rule.demands]
    heaviest = max(rule.weight for rule in counted)
    deciding = min((rule for rule in counted if rule.weight == heaviest), key=_by_id)
    warned = deciding.mode == "warn"
    if deciding.effect < Effect.REDACT and _clash(counted):
        return Outcome(Effect.REDACT, None, deciding.id, warned)
    return Outcome(deciding.effect, deciding.mask, deciding.id, warned)


def settle(grants: Iterable[Rule], guards: Iterable[Rule], layers: Collection[str] = OWN) -> Outcome:
    """Return the outcome of one cell as `combine` does, less the rules that are only audited.

    What the outcome would be if those held too is noted in `would`, where it differs.
    """
    doors, walls = tuple(grants), tuple(guards)
    found = combine(filter(_applies, doors), filter(_applies, walls), layers)
    if all(map(_applies, doors)) and all(map(_applies, walls)):
        return found
    staged = combine(doors, walls, layers)
    if (staged.effect, staged.mask) == (found.effect, found.mask):
        return found
    what = staged.effect.name.lower() + (f"({staged.mask.name})" if staged.mask else "")
    return replace(found, would=f"{what} by {staged.rule}")


def differ(one: Rule, other: Rule) -> bool:
    """Tell whether two rules put masks that cannot be compared: of equal strength, but not the same."""
    if one.mask is None or other.mask is None or one.weight != other.weight:
        return False
    return (one.mask.kind, one.mask.params) != (other.mask.kind, other.mask.params)


def _clash(rules: Iterable[Rule]) -> bool:
    seen: dict[tuple[int, int], Rule] = {}
    return any(differ(seen.setdefault(rule.weight, rule), rule) for rule in rules if rule.mask)


def _applies(rule: Rule) -> bool:
    return rule.applies


def _by_id(rule: Rule) -> str:
    return rule.id
