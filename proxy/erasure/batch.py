"""Many cases that one look through the CRMs has opened, agreed to as one: what they come to, and a hash.

The hash is over the cases and their plans, so that whoever types it has agreed to exactly these; a plan that
changes, or a case that is held meanwhile, makes it another one.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from proxy.erasure.assent import CONFIRMABLE, NotAgreed
from proxy.erasure.case import Case
from proxy.erasure.plan import IRREVERSIBLE, SHORT, WORDS, canonical


@dataclass(frozen=True, slots=True)
class Together:
    """A batch as it is now."""

    cases: tuple[str, ...]
    """Ids of all of them, oldest first."""
    plans: tuple[tuple[str, str], ...]
    """Case and hash of its plan, of those that can be agreed to."""
    states: tuple[tuple[str, int], ...]
    """How many are where."""
    summary: tuple[str, ...]
    """What a person reads before agreeing."""

    @property
    def hash(self) -> str:
        """SHA-256 over cases and plans, hex; "" if there is nothing to agree to."""
        said = canonical([[case, plan] for case, plan in sorted(self.plans)])
        return hashlib.sha256(said).hexdigest() if self.plans else ""

    def agreed(self, typed: str) -> tuple[tuple[str, str], ...]:
        """Return what somebody agrees to who has typed the hash, or at least its first digits.

        Raises:
            NotAgreed: it is another hash, or there is nothing to agree to.
        """
        typed = typed.strip().lower()
        if not self.plans:
            raise NotAgreed("there is nothing to confirm in this batch")
        if len(typed) < SHORT or not self.hash.startswith(typed):
            raise NotAgreed(
                "that is not this batch's hash: look at `lychgate erasure batch` again, it may have changed"
            )
        return self.plans


def together(cases: Iterable[Case]) -> Together:
    """Return what some cases come to; each is looked at once, and none is kept."""
    ids: list[str] = []
    plans: list[tuple[str, str]] = []
    states: Counter[str] = Counter()
    steps: Counter[tuple[str, str, str]] = Counter()
    kept: Counter[tuple[str, str, str]] = Counter()
    for case in cases:
        ids.append(case.id)
        states[case.state.value] += 1
        if case.plan is None or case.state not in CONFIRMABLE:
            continue
        plans.append((case.id, case.plan.hash))
        steps.update(case.plan.counts())
        kept.update((one.lane, one.object, one.because) for one in case.plan.kept)
    lines = [
        f"{count:6} {object_} in {lane}: {WORDS[do]}" for (lane, object_, do), count in sorted(steps.items())
    ]
    lines += [
        f"{count:6} {object_} in {lane}: kept, {why}" for (lane, object_, why), count in sorted(kept.items())
    ]
    return Together(tuple(ids), tuple(plans), tuple(sorted(states.items())), (*lines, *IRREVERSIBLE))
