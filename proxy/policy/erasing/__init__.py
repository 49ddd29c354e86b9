"""What becomes of a client's delete, and who has to agree before anybody is erased: the kind Erasure.

Nouns: an `ErasureRule` says of some objects what a delete comes to; a `Withdrawal` what follows when somebody
withdraws a consent; `Consent` says who agrees. Of several rules
that match, the strictest holds, so that their order never matters.
"""

from proxy.policy.erasing.documents import ErasureDocument
from proxy.policy.erasing.rules import NO_ERASING, Consent, Erasing, ErasureRule, link_erasing
from proxy.policy.erasing.telling import check_endings
from proxy.policy.erasing.withdrawals import Before, Stands, Withdrawal, withdrawn

__all__ = [
    "NO_ERASING",
    "Before",
    "Consent",
    "Erasing",
    "ErasureDocument",
    "ErasureRule",
    "Stands",
    "Withdrawal",
    "check_endings",
    "link_erasing",
    "withdrawn",
]
