"""A policy set's own tests, run as requests are served: what keeps a set that fails them out of force."""

from collections.abc import Mapping

from proxy.errors import Problem
from proxy.message import Record, Tree
from proxy.model import Catalogue, Decision
from proxy.policy import Checked
from proxy.policy.testing import CarryOut, Result, run_tests
from proxy.transforms import Redactor, StandIns, Tally

FAILED = "LG128"
"""Code of a test that does not pass."""


def carrying_out(catalogues: Mapping[str, Catalogue]) -> CarryOut:
    """Return what makes of a record's fields what a decision says, by the same masks that serve requests.

    It raises Unavailable where policy asks for something nobody here can do. Stand-ins are made with a key that
    everybody knows: nothing in a test is anybody's.
    """
    standins = StandIns(bytes(32), "test")

    def carry_out(
        decision: Decision, connector: str, name: str, fields: Mapping[str, Tree]
    ) -> Mapping[str, Tree]:
        record = Record(name, decision.action, dict(fields))
        Redactor.for_decision(decision, catalogues[connector][name], standins).apply(record, Tally())
        return record.members

    return carry_out


def rehearse(checked: Checked, catalogues: Mapping[str, Catalogue]) -> tuple[Problem, ...]:
    """Return a problem for each of the set's own tests that fails; none if it has no tests, or is not usable."""
    if checked.policies is None:
        return ()
    found = run_tests(checked.policies, checked.tests, carrying_out(catalogues))
    return tuple(problem_of(result) for result in found.failed)


def problem_of(result: Result) -> Problem:
    """Return a failed case as a problem at its place.

    The values in it are those that its author made up.
    """
    file, line, column = result.case.place.rsplit(":", 2)
    wrong = [
        f"{each.field or 'the record'}: expected {each.expected}, got {each.got}"
        + (f" by {each.rule}" if each.rule else "")
        for each in result.mismatches
    ]
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    message = f'test "{result.case.name}" fails: {"; ".join(wrong[:3])}{more}'
    return Problem(file, int(line), int(column), FAILED, message)
