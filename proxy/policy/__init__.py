"""Who may do what to which field, for which purpose: policy as code, compiled before traffic comes.

Nouns: a `Vocabulary` document declares words (roles, purposes, recipients, clients, masks); a `Policy`
document holds grants (doors, which only open) and guards (walls, which only close). A `PolicySet` is all of
them together, linked to what connectors list and checked. A `Plan` is what the rules come to for one kind of
question; `decide` reads the answer off it. `judge` is the request's half of deciding twice.

The story starts in `load.load_policies`: gather the files, link the vocabulary, link the rules, check them
against each other, and hand the lot to `compile.PolicySet`. What several rules on one field come to is
`combine.combine`, thirty lines that everything else relies on.

This package does not know HTTP, routes or identities, does not carry out a mask (a callable handed in says
whether it could be), keeps nothing about exchanges, and has no way to say yes by default.

Why grants and guards instead of priorities: with priorities, or order, or "most specific wins", the meaning
of a rule depends on rules the reviewer does not see. Here `max(min(grants), max(guards))` makes two
sentences true of every change: a new grant can only open, a new guard can only close. Neither depends on
where it is written, so files can be split and sorted at will, and a review can be local.

Why not an existing engine: the outcome we need is an effect per field with a mask, not allow or deny per
request; the engines we measured answer per field at a hundred times the cost, and two of the best known let
a deny rule that cannot be evaluated pass.
"""

from proxy.policy.compile import Plan, PolicySet
from proxy.policy.decide import Decider, decide
from proxy.policy.load import Checked, check_policies, load_policies

__all__ = ["Checked", "Decider", "Plan", "PolicySet", "check_policies", "decide", "load_policies"]
