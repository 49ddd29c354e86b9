"""Zoho CRM, as far as policy has words for it: COQL, search criteria, and bodies that hold several records.

Nouns: a `Query` is a parsed COQL query (`tree.py`), a `Condition` what it or a search compares; `meaning` says
what a query does to which fields. The story goes `parse` (text to tree) -> `understand` (names resolved, every
use of a field noted) -> `write` (tree to text). What the CRM gets is always the written form of what was
understood, never the client's text.

Not parsed, and so refused: names in quotes, `->` paths, sub-queries, `*`, functions other than the five
aggregates, hints, `include_meta`; saved views (`cvid`), whose conditions nobody here sees; page tokens, which
hold a query that was judged for somebody else.
"""
