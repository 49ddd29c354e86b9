"""What is asked of a CRM on the way of an erasure: generators that yield `Request`s and receive `Response`s.

Nouns: an `Asking` is such a generator; a `Trail` is what has been found of one person so far; an `Outcome` is
how far one step came. Where the story starts: `locating.trace` finds, `planning.make` fixes, `carrying.carry`
does, and `checking.check` looks whether it is so.

What it does not do: send anything by itself, wait, try again, write anything down, or know how many of these
there are. `proxy.erase` does that, and so a test of a step is a list of answers, and a crash in one is a loop
that stops.
"""

from proxy.steps.asking import Asking
from proxy.steps.carrying import Outcome, carry
from proxy.steps.checking import check
from proxy.steps.locating import TooMany, Trail, trace
from proxy.steps.planning import make
from proxy.steps.sweeping import everybody

__all__ = ["Asking", "Outcome", "TooMany", "Trail", "carry", "check", "everybody", "make", "trace"]
