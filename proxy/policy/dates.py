"""What has ended, or will soon (LG111): rules, exceptions, agreements and reviews."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from proxy.policy.documents import Document
from proxy.policy.link import Written
from proxy.policy.names import Findings, Spot
from proxy.policy.vocabulary import Vocabulary
from proxy.yamlfile import YamlFile

SOON: Final = timedelta(days=30)
"""How long before its last day a thing is reported: time enough to decide and to review."""


def check_dates(
    files: Iterable[tuple[YamlFile, Document]],
    written: Sequence[Written],
    vocabulary: Vocabulary,
    today: date,
    findings: Findings,
) -> None:
    """Note what has ended by `today` and what ends within `SOON`.

    An exception that has ended is an error: whoever changes the set next has to take it out or to renew it.
    In a set that is in force it simply stops being one.
    """
    for file, document in files:
        due = document.metadata.review_by
        if due is not None and due < today:
            spot = Spot(file) / "metadata" / "review_by"
            findings.add(spot, "LG111", f"the review of {document.metadata.name} was due", severity="warning")
    for each in written:
        rule = each.rule
        if rule.until is not None and not rule.built_in:
            what = f"{rule.kind} {rule.id}"
            found = _ending(what, "it does nothing then", rule.until, today)
            _add(findings, each.spot / "valid" / "until", found)
        for at, spared in enumerate(rule.spared):
            spot = each.spot / "exceptions" / at / "until"
            what = f"this exception to {rule.id} (owner {spared.owner})"
            found = _ending(what, "the rule holds again then", spared.until, today)
            _add(findings, spot, found, error=spared.until < today)
    for name, spec in vocabulary.recipients.items():
        if spec.dpa_expires is not None:
            spot = spec.spot / "dpa_expires"
            what = f"the agreement with {name}"
            _add(findings, spot, _ending(what, "everything is denied to it then", spec.dpa_expires, today))


def _ending(what: str, then: str, until: date, today: date) -> str:
    """Return what to say of something with a last day; "" while that is far off."""
    if until < today:
        return f"{what} ended on {until}"
    return f"{what} ends after {until}; {then}" if until - today <= SOON else ""


def _add(findings: Findings, spot: Spot, message: str, *, error: bool = False) -> None:
    if message:
        findings.add(spot, "LG111", message, severity="error" if error else "warning")
