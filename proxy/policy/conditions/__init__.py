"""Conditions: a typed part of CEL, checked when policy loads and asked of every record.

Nouns: `Declarations` say what a condition may name. An `Expr` is what stands there, `Typed` is that with
every name and type checked, a `Condition` is ready to be asked. Its answer is True, False or `ERROR`. A `Flaw`
is one thing wrong, at its line and column. The distinct things that a condition asks are its `atoms`.

The story starts in `parse` (or `parse_when`, for the lists and mappings of a rule), goes on in `check`, and
ends in `compile_condition`; `Condition.evaluate` is what a request costs. `canonical` writes any expression
in the one way we write it.

This package knows neither rules nor effects, does not say what an error means for a rule (a grant takes it
for no, a guard for yes), fetches nothing, keeps nothing, and reads no clock: the time is an argument.

The language is that of cel-spec with the same values, errors and absorption, less maps, bytes, unsigned ints,
conversions between types, calendar getters, `dyn`, the other macros, sums of lists, texts in triple quotes and
names with a point before them, and with these differences, each of which refuses or errs where CEL would go on,
or is ours by design:

- an attribute that is None is absent, and one that is not of its declared type is an error;
- an optional attribute must have been asked for with `has` (LG105), which takes `resource["a-b"]` too;
- an int may be compared with a double, as CEL does at run time only;
- lists have items of one type, none of them is a list, and `[]` has no first item and nothing to go through;
  sets and roles have no order;
- the pattern of `matches` stands there, in one `exists` or `all` at most, and goes through 10,000 characters
  at most; a text for `timestamp` or `duration` that stands there must be one;
- variables of `exists` and `all` hide nothing, stand two deep, and go through 200 items at most;
- `duration("30d")` is 30 times 24 hours; durations have at most 2^63 nanoseconds, moments are exact to the
  microsecond; white space and one-digit months in timestamps are refused;
- `consent`, `age` and `days_since` are ours.

Why CEL: it is what people who write policies for Kubernetes, Cerbos and OpenFGA know, it always ends, and it
has a specification to be held against, which `tests/policy/conditions/differential.py` does with Google's own
implementation. Why not that implementation: with the record converted it takes six times as long, it shows no
tree to enumerate atoms from, and it returns its errors as values that a hasty `if` takes for true.
"""

from proxy.policy.conditions.atoms import ERROR, Error, Outcome, Question
from proxy.policy.conditions.checking import Typed, check
from proxy.policy.conditions.condition import Condition, compile_condition
from proxy.policy.conditions.declarations import CONSENTS, CONTEXT, Attribute, Declarations, context_of
from proxy.policy.conditions.flaws import At, Flaw, Flawed
from proxy.policy.conditions.kinds import Type, read_type
from proxy.policy.conditions.parsing import parse
from proxy.policy.conditions.syntax import Expr
from proxy.policy.conditions.when import parse_when
from proxy.policy.conditions.writing import canonical

__all__ = [
    "CONSENTS",
    "CONTEXT",
    "ERROR",
    "At",
    "Attribute",
    "Condition",
    "Declarations",
    "Error",
    "Expr",
    "Flaw",
    "Flawed",
    "Outcome",
    "Question",
    "Type",
    "Typed",
    "canonical",
    "check",
    "compile_condition",
    "context_of",
    "parse",
    "parse_when",
    "read_type",
]
