"""SOQL, as far as policy has words for it.

Nouns: a `Query` is a parsed query (`tree.py`); its `Meaning` is what it does to which fields. The story goes
`parse` (text to tree) -> `understand` (names resolved, every use of a field noted) -> `write` (tree to text).
What the CRM gets is always the written form of what was understood, never the client's text.

Not parsed, and so refused: toLabel(), FORMAT() and other display functions, TYPEOF, USING SCOPE, WITH, FOR
VIEW/REFERENCE/UPDATE, GROUP BY ROLLUP/CUBE, polymorphic relations, comments, bind variables, DISTANCE().

Why a grammar and not a scan for field names: an alias, a relation, a sub-query or a letter in the other case
each shows a field under another name (threats IO-04 to IO-08).

A `Search` is SOSL: each object that it returns is a query of its own, with fields that are looked into besides.

`narrowed` leaves out columns that could not be shown; `widened` adds columns to a query whose records need facts
for conditions.
"""

from proxy.connectors.soql.computed import Kind, fits
from proxy.connectors.soql.meaning import Meaning, understand
from proxy.connectors.soql.narrowing import narrowed
from proxy.connectors.soql.parsing import parse, parse_search
from proxy.connectors.soql.swapping import swapped
from proxy.connectors.soql.tree import Query, Search
from proxy.connectors.soql.widening import widened
from proxy.connectors.soql.writing import write, write_condition, write_order, write_search

__all__ = [
    "Kind",
    "Meaning",
    "Query",
    "Search",
    "fits",
    "narrowed",
    "parse",
    "parse_search",
    "swapped",
    "understand",
    "widened",
    "write",
    "write_condition",
    "write_order",
    "write_search",
]
