"""What a policy set says, cell by cell, and what a change of it does to whom: the tools reviews rely on.

A **cell** is (roles, purpose, recipient, action, connector, object, field). An **index** holds a set's rules as
bits; a **space** is every way the facts that conditions look at can be; a **table** says in which rows of a
space a cell comes out how. A **comparison** is all that differs between two sets: **changes**, each a box of
cells that changed alike, with an **example** that anyone can check by hand.

The story starts in `compare.compare`. `phrase.words` says what a table comes to.

This package reads no files, asks no repository and prints nothing; the command line does. It never says that
nothing changed where it could not try everything: such cells are listed, and counted as not exact.

Why truth tables and no solver: the conditions that meet in one cell look at a handful of facts, so all cases
can be tried, and the answer is exact, quick and easy to check. A solver would prove more about arithmetic
inside conditions, which is taken here for one yes-or-no fact: so a change may be listed that no record can
show, but none is left out.
"""

from proxy.policy.plan.cell import Verdict
from proxy.policy.plan.changes import Change, Comparison, Example, Note
from proxy.policy.plan.compare import Side, compare, sides
from proxy.policy.plan.reading import Caller
from proxy.policy.plan.words import notes

__all__ = ["Caller", "Change", "Comparison", "Example", "Note", "Side", "Verdict", "compare", "notes", "sides"]
