"""Tests of policies, written beside them: for a made-up record and caller, this has to come out.

Nouns: a `PolicyTestDocument` is what a person writes; a `Case` is one question with every name looked up;
`Results` say what came out. The story starts in `link_tests`, which checks names when the set loads, and goes
on in `run_tests`, which puts every case to the real policy, by the clock of its document. `coverage` says what
of the set no test looks at.

This package has no mask of its own: what a decision makes of values is carried out by a callable handed in,
the one that serves requests. It prints nothing.

Why values and not only effects: that a field is masked tells a reviewer little; `***4567` can be discussed.
Why a rule counts as covered once it matches something a test looks at, and not once it decides: a guard on
what nobody has opened decides nothing today, and is there for the grant that somebody adds tomorrow. What
never decided is told as well.
"""

from proxy.policy.testing.cases import CarryOut, Case, Expected
from proxy.policy.testing.coverage import Coverage, Share, coverage
from proxy.policy.testing.documents import PolicyTestDocument
from proxy.policy.testing.linking import link_tests
from proxy.policy.testing.running import Mismatch, Result, Results, run_tests, trace_of

__all__ = [
    "CarryOut",
    "Case",
    "Coverage",
    "Expected",
    "Mismatch",
    "PolicyTestDocument",
    "Result",
    "Results",
    "Share",
    "coverage",
    "link_tests",
    "run_tests",
    "trace_of",
]
