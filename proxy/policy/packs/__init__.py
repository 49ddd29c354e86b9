"""Packs: what a privacy law asks for, as guards that a policy set takes in by the law's name.

Nouns: a `PackDocument` says which law a pack is about, what of it no machine controls, and how each rule of the
pack is tried; `chosen` finds the packs that a vocabulary names; `coverage` puts provisions, rules and tests side
by side; `conflicts` says where packs differ. The story starts in `chosen`, which `gather` asks.

A pack has no rules of a kind of its own: its guards are linked, checked and decided as all others. It never
opens anything.

Why only guards: two laws at once then need no order between them. The strictest effect holds, which is what
somebody who is under both has to do.
"""

from proxy.policy.packs.choosing import ALIASES, PACKS, available, chosen, pack_of
from proxy.policy.packs.conflicts import conflicts
from proxy.policy.packs.coverage import Coverage, Provision, coverage, markdown
from proxy.policy.packs.documents import PackDocument, PackTest, Probe

__all__ = [
    "ALIASES",
    "PACKS",
    "Coverage",
    "PackDocument",
    "PackTest",
    "Probe",
    "Provision",
    "available",
    "chosen",
    "conflicts",
    "coverage",
    "markdown",
    "pack_of",
]
