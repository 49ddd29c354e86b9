"""How long data are kept: the kind Retention, what is wrong with it, and what of a record is due.

Nouns: a `RetentionRule` says that some fields are kept for a time, counted from a clock of the record, and what
happens then; one that says `keep` is a duty. A `Hold` keeps data whatever is due. `due` says of one record which
rules have come due, what stands against them, and of what nobody can say.

Nothing here erases, and nothing in the path of a request asks: whoever sweeps calls `due` and proposes.
"""

from proxy.policy.retention.documents import RetentionDocument
from proxy.policy.retention.due import Doubtful, Due, Kept, Standing, due
from proxy.policy.retention.rules import NO_RETENTION, Hold, Retention, RetentionRule

__all__ = [
    "NO_RETENTION",
    "Doubtful",
    "Due",
    "Hold",
    "Kept",
    "Retention",
    "RetentionDocument",
    "RetentionRule",
    "Standing",
    "due",
]
