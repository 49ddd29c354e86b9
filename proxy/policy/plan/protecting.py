"""What changes in how fields lie in the CRM: in clear, or as something that only Lychgate turns back.

Cells do not show it: whoever asks through Lychgate is shown what grants and guards say, before and after. It is
everybody who reads the CRM itself, its exports and its backups, who has the value in clear or not.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from proxy.model import ALWAYS_SAME, Protection
from proxy.policy.compile import PolicySet
from proxy.policy.plan.cell import Verdict
from proxy.policy.plan.changes import Note

_Place = tuple[str, str, str]
_Said = tuple[Verdict | None, str]
_HIDES: Final[Mapping[str, int]] = {"deterministic": 1, "digits": 1, "envelope": 2, "token": 2}
"""How little the CRM has: the same text for the same value says who has the same."""
_FORMS: Final[Mapping[str, str]] = {
    "deterministic": "the same ciphertext for the same value",
    "digits": "the same other digits for the same number",
    "envelope": "ciphertext",
    "token": "a token",
}


def protecting(old: PolicySet, new: PolicySet) -> Iterator[Note]:
    """Yield each change, fields of one object that change alike together."""
    before, after = _by_place(old), _by_place(new)
    alike: dict[tuple[str, str, Verdict | None, str], list[str]] = {}
    for place in sorted({*before, *after}):
        connector, name, field = place
        for verdict, text in _changes(before.get(place), after.get(place)):
            alike.setdefault((connector, name, verdict, text), []).append(field)
    for (connector, name, verdict, text), fields in alike.items():
        yield Note(verdict, f"protection of {connector}:{name}.{{{', '.join(fields)}}}", text)


def _by_place(policies: PolicySet) -> dict[_Place, Protection]:
    return {(each.connector, each.object, each.field): each for each in policies.protection}


def _changes(was: Protection | None, now: Protection | None) -> Iterator[_Said]:
    if was is None or now is None:
        one = was or now
        assert one is not None
        if was is None:
            yield Verdict.TIGHTENED, f"is new: the CRM gets {_FORMS[one.kind]}, and no value in clear"
        else:
            yield Verdict.LOOSENED, f"is gone: the CRM gets values in clear, before {_FORMS[one.kind]}"
        return
    if was.leaving != now.leaving:
        if now.leaving:
            yield Verdict.LOOSENED, "is being taken out: the CRM gets values in clear"
        else:
            yield Verdict.TIGHTENED, f"is not taken out any more: the CRM gets {_FORMS[now.kind]}"
    if was.kind != now.kind:
        more = _HIDES[now.kind] - _HIDES[was.kind]
        verdict = None if not more else Verdict.TIGHTENED if more > 0 else Verdict.LOOSENED
        yield verdict, f"the CRM gets {_FORMS[now.kind]}, before {_FORMS[was.kind]}"
    if _is_found(was) != _is_found(now):
        if _is_found(now):
            yield Verdict.LOOSENED, "equality finds values, for whoever may filter by them"
        else:
            yield Verdict.TIGHTENED, "equality finds values no more"
    if was.element != now.element:
        yield None, f"values are bound to {now.element}, before to {was.element}"
    if was.domain != now.domain:
        yield None, f"tokens are addresses of {now.domain or 'no domain'}, before of {was.domain or 'no domain'}"


def _is_found(protection: Protection) -> bool:
    """Tell whether equality finds values; the same text for the same value the CRM itself finds."""
    return bool(protection.normaliser) or protection.kind in ALWAYS_SAME
