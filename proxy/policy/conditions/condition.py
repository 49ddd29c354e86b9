"""A condition ready to be asked of records."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from proxy.policy.conditions.atoms import ERROR, Outcome, Question, Shape, question
from proxy.policy.conditions.checking import Typed
from proxy.policy.conditions.direct import Run
from proxy.policy.conditions.running import runner


@dataclass(frozen=True, eq=False)
class Condition(Question):
    """A question that is made of others, which are worked out when somebody asks for them."""

    shape: Shape
    """Its formula over its atoms, as steps: for those who ask about every record at once."""

    @cached_property
    def atoms(self) -> tuple[Question, ...]:
        """The distinct questions that cannot be taken apart, in the order in which they are first asked."""
        return tuple(map(question, self.shape.atoms))

    @cached_property
    def _formula(self) -> Run:
        return runner(self.shape.formula)

    def under(self, outcomes: Sequence[Outcome]) -> Outcome:
        """Return what the condition comes to when its atoms, in their order, come out so; never raises."""
        try:
            # An ERROR raises when it is used as a truth value, so `&&` and `||` absorb it as any other.
            found: Outcome = self._formula({}, {}, list(outcomes))
        except Exception:  # noqa: BLE001 - the atoms' errors, which no operator absorbed
            return ERROR
        return found


def compile_condition(typed: Typed) -> Condition:
    """Return the condition; asking it costs about a microsecond, making it some fifty."""
    whole = question(typed.term)
    return Condition(whole.text, whole.attributes, whole.context, whole.consents, whole._run, typed.shape)
