"""Looks at an installation the way somebody does who has to find out why it does not work, or soon will not.

`examine` is the front door: it yields one `Finding` per thing it looked at, the good ones too, so that a reader
sees what was examined and not only what was wrong. A later part is looked at even if an earlier one is broken.

What it does not do: change anything, send a request to the CRM, or vouch for what it cannot see from here.
`NOT_SEEN` names that, and whoever prints findings prints it as well.
"""

from proxy.doctor.examine import NOT_SEEN, examine
from proxy.doctor.finding import Finding, Grade

__all__ = ["NOT_SEEN", "Finding", "Grade", "examine"]
