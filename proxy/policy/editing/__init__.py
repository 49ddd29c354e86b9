"""Tools for the hand that writes policies: one layout, help in the editor, findings where people read them.

Nouns: `tidy` is the layout of a document (`policy fmt`); `schema` says in JSON Schema what may stand in one,
with the words of a policy set if there is one (`policy schema --project`); the reports draw what `policy
check` found for code hosts, CI jobs and pull requests. The story starts in `tidy.tidy`.

This package decides nothing and checks nothing: what a policy means is said by `load_policies` alone. It
writes no file; callers do.

Why a layout of our own and not a library's round trip: the one we tried keeps comments with the key *before*
them, so that putting keys in order moves a reason to another rule, and it loses those inside brackets. Here a
comment is text with a place, and moves with what stands below it. A result that does not read as the same
data is never returned.
"""
