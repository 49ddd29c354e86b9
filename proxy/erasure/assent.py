"""Who has agreed to a plan, and whether that is enough: the hash, distinct people, time, and quorum.

Every function takes the time and returns a new case or raises `NotAgreed` with a sentence for the person at the
command line; nothing here asks a clock, and nothing is agreed to by default.
"""

import hashlib
from collections.abc import Callable
from typing import Final

import msgspec

from proxy.erasure.case import Assent, Case
from proxy.erasure.plan import SHORT, canonical
from proxy.erasure.states import Event, State
from proxy.errors import LychgateError
from proxy.model import Credential

CONFIRMABLE: Final = frozenset({State.AWAITING_CONFIRMATION, State.COOLING_OFF, State.AWAITING_APPROVAL})
BULK: Final = 10
"""Cases; confirming more of them in one go needs a quorum."""
QUORUM: Final = 2
"""People who have to agree to a batch beyond `BULK`, whatever the terms of its cases say."""


MORE: Final = frozenset({"residue", "unverifiable"})
"""Verdicts with which nobody can leave a case at what was refused."""


class NotAgreed(LychgateError):
    """A confirmation does not count."""


def agree(
    case: Case,
    who: str,
    via: str,
    typed: str,
    now: int,
    *,
    client: str = "",
    subject: str = "",
    roles: tuple[str, ...] = (),
) -> Case:
    """Return the case with one person's agreement to its plan.

    Args:
        case: with a plan.
        who: pseudonym of the principal, proved by its own credential.
        via: how it was proved.
        typed: what the person typed: the first digits of the plan's hash.
        now: seconds since the epoch.
        client: pseudonym of the client that the person used.
        subject: pseudonym of whom the client's issuer says it is, "" for a credential of the client as a whole.
        roles: by which policy lets them agree.

    Raises:
        NotAgreed: the hash is another one, the person has agreed before, or there is nothing to agree to.
    """
    if case.state not in CONFIRMABLE or case.plan is None:
        raise NotAgreed(f"there is nothing to confirm: the case is {case.state.replace('_', ' ')}")
    hash_ = case.plan.hash
    if not _is(hash_, typed):
        raise NotAgreed(
            "that is not this plan's hash: look at `lychgate erasure plan` again, it may have changed since"
        )
    assents = _with(case, valid(case, now), Assent(who, via, now, hash_, client, subject, roles=roles))
    return settle(case.put(assents=assents), now)


def _with(case: Case, standing: tuple[Assent, ...], assent: Assent) -> tuple[Assent, ...]:
    if any(each.credential.may_be(assent.credential) for each in standing):
        raise NotAgreed("this person has agreed already; somebody else has to")
    if standing and (case.asker or Credential(case.by)).may_be(assent.credential):
        raise NotAgreed("this person asked for the erasure, and so cannot be the second to agree to it")
    return (*standing, assent)


def _is(hash_: str, typed: str) -> bool:
    """Say whether somebody typed a hash, or enough of its beginning."""
    typed = typed.strip().lower()
    return len(typed) >= SHORT and hash_.startswith(typed)


def leave(case: Case, assent: Assent, typed: str) -> Case:
    """Return the case with one person's agreement to leave it at what CRMs refuse.

    As many people as the plan needed have to, and at least one; then it is over but for what is looked at again.

    Args:
        case: that ended partial.
        assent: without a plan's hash; who it is was proved by their own credential.
        typed: what the person typed: the first digits of `remainder`.

    Raises:
        NotAgreed: something else is left, nothing was refused, it is not what they typed the hash of, or the
            person has agreed before.
        OutOfTurn: the case did not end partial.
    """
    ended = case.moved(Event.ACCEPT, reason=INCOMPLETE)
    verdicts = {each.verdict for each in case.findings}
    if verdicts & MORE:
        raise NotAgreed(
            "more is left than a CRM refuses, or nobody could look; run the case again, and see the findings"
        )
    if "refused" not in verdicts:
        raise NotAgreed("nothing was refused; run the case again")
    about = remainder(case)
    if not _is(about, typed):
        raise NotAgreed(
            "that is not the hash of what is refused: see `lychgate erasure show`, it may be more by now"
        )
    standing = tuple(
        each
        for each in case.leaving
        if each.plan == about and 0 <= assent.at - each.at < case.terms.valid_seconds
    )
    leaving = _with(case, standing, msgspec.structs.replace(assent, plan=about))
    if len(leaving) < max(1, case.terms.approvers):
        return case.put(leaving=leaving)
    return ended.put(leaving=leaving, earlier=len(case.issued))


def remainder(case: Case) -> str:
    """Return a digest of what is left at: who agreed to less has not agreed to more."""
    refused = [msgspec.to_builtins(each) for each in case.findings if each.verdict == "refused"]
    return hashlib.sha256(canonical([case.plan.hash if case.plan else "", refused])).hexdigest()


def valid(case: Case, now: int) -> tuple[Assent, ...]:
    """Return the agreements that count: to this very plan, and not too old."""
    hash_ = case.plan.hash if case.plan is not None else ""
    return tuple(
        each for each in case.assents if each.plan == hash_ and 0 <= now - each.at < case.terms.valid_seconds
    )


def counted(case: Case, agrees: Callable[[Assent], bool]) -> Case:
    """Return the case with the agreements of those who may still agree, and no others."""
    return case.put(assents=tuple(filter(agrees, case.assents)))


def settle(case: Case, now: int, why: str = "") -> Case:
    """Return the case where agreement, cooling-off and the second person have brought it by now.

    Idempotent: to be called whenever time has passed.

    Args:
        case: see `agree`.
        now: seconds since the epoch.
        why: no agreement is left, where time is not what has ended them.
    """
    if case.state not in CONFIRMABLE:
        return case
    standing = valid(case, now)
    case = case.put(assents=standing)
    needed = case.terms.approvers
    cool = cooled(case, now)
    if len(standing) >= needed and cool:
        return case.moved(Event.AGREE)
    if not standing:
        return (
            case if case.state is State.AWAITING_CONFIRMATION else case.moved(Event.DRIFT, reason=why or EXPIRED)
        )
    if len(standing) < needed:
        # Who comes second need not wait for the end of the cooling-off.
        return case if case.state is State.AWAITING_APPROVAL else case.moved(Event.NEED_APPROVAL)
    return case if case.state is State.COOLING_OFF else case.moved(Event.COOL)


def cooled(case: Case, now: int) -> bool:
    """Say whether the cooling-off is over; it begins with the first agreement."""
    standing = valid(case, now)
    if not standing:
        return case.terms.approvers == 0
    return now - min(each.at for each in standing) >= case.terms.cooling_seconds


def lapsed(case: Case, now: int) -> bool:
    """Say whether what was agreed to has waited for so long that too few agreements count."""
    return len(valid(case, now)) < case.terms.approvers


def voided(case: Case, reason: str) -> Case:
    """Return the case with every agreement gone: what was agreed to is not what would be done."""
    return case.put(assents=()).moved(Event.DRIFT, reason=reason)


INCOMPLETE: Final = "the erasure is not complete: people have agreed to leave it at what a CRM refuses"
NO_LONGER: Final = "somebody who confirmed it may not do so any more, so that it has to be confirmed anew"
EXPIRED: Final = "the confirmation has expired"
DRIFTED: Final = "records have changed since it was confirmed, which voids the confirmation"
