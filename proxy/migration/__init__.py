"""Bring what a CRM has in clear under protection, and back.

The nouns: a **walker** knows how one kind of CRM lists records page by page and changes one; a **migration**
goes over every object with protected fields and counts what it meets; its **journal** says how far it came.

Where the story starts: `Migration.plan`, which only looks; `apply` seals what is in clear, `rollback` writes
what is sealed back in clear, and both end by looking again: what they claim is what the CRM says afterwards.

What it does not do: decide which fields are protected, or go through a lane: it asks the CRM itself, with the
credential that the lane holds, and no value leaves this process but in the form that policy wants.

Why page by page and record by record, and no bulk jobs: a value is bound to its record, so each record gets
values of its own; and a run that is killed at any moment is taken up at the page it was on, where all that was
done already is recognised by its form.
"""

from proxy.migration.journal import Journal
from proxy.migration.run import Counts, Migration, Unfinished
from proxy.migration.walkers import Walker, walker_for

__all__ = ["Counts", "Journal", "Migration", "Unfinished", "Walker", "walker_for"]
