"""Several processes that serve the same lanes, and the one that watches over them.

Nouns: the **supervisor** is the process that was started. It holds the ledger, the list of frozen principals
and the admin port, and serves nobody. A **worker** is a process that serves every lane; all listen on the same
ports (SO_REUSEPORT), and the kernel spreads connections over them. A **channel** is the pair of Unix sockets
between the two. Where the story starts: `Supervisor.serve` (supervisor.py) and `work` (worker.py).

What the supervisor promises:

    ledger    an entry of a worker is durable before the worker is told so, in one order for all of them
    policies  read, checked and self-tested once, then copied; every worker loads the copy and shows its digest;
              only when all can follow does any of them swap
    deaths    a worker that dies leaves no intent open: its exchanges are `Failed(outcome_unknown)` at once;
              another takes its place, later and later if it keeps dying
    freezes   in force in every worker before whoever froze is answered

A worker without its supervisor cannot write an entry, so it serves nobody and ends: the kernel kills it with
its parent, and it ends by itself when the channel does. A worker that does not answer is killed: it might
serve by a policy set that is no longer in force.

Why the supervisor holds the ledger itself: a writer of its own would be one more process that can die alone,
and while it is away nothing may be served all the same.
"""

from proxy.workers.supervisor import Supervisor

__all__ = ["Supervisor"]
