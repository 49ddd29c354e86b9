"""The grounds of each law, as policies name them."""

from collections.abc import Mapping
from typing import Final

from proxy.policy.names import Findings, Spot
from proxy.yamlfile import nearest

GROUNDS: Final[Mapping[str, tuple[str, ...]]] = {
    "gdpr": ("no_longer_necessary", "consent_withdrawn", "objection", "unlawful_processing", "legal_obligation"),
    "ccpa": ("request",),
    "appi": ("no_longer_necessary", "unlawful_processing"),
    "privacy_act": ("no_longer_necessary",),
    "pipeda": ("no_longer_necessary", "consent_withdrawn"),
    "hipaa": (),
}
"""Law -> its grounds; the laws themselves are `proxy.erasure.law`'s, and a test holds the two together."""


def check_ground(spot: Spot, ground: str | None, law: str, findings: Findings, *, opens: str = "") -> None:
    """Note a ground that a law does not have (LG147), and one that is missing.

    Args:
        spot: of the rule.
        ground: as it is written.
        law: of the document.
        findings: where it is noted.
        opens: what has a case opened, and so needs a ground; "": nothing.
    """
    if ground is not None and ground not in GROUNDS[law]:
        known = ", ".join(GROUNDS[law]) or "none, since it gives no right to erasure"
        near = nearest(ground, GROUNDS[law])
        findings.add(spot / "ground", "LG147", f'{law} has no ground "{ground}"{near}; it has: {known}')
    if opens and ground is None:
        findings.add(spot / "then", "LG147", f"{opens} opens a case, and a case needs a `ground`")
