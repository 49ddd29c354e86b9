"""Make values say less, and notice when what was made comes back.

The nouns: a `Mask` (`proxy.model`) names one way to say less, `compile_mask` makes it a function; a
`Redactor` carries out one `Decision` on records; a `Tally` remembers, by name and never by value, what came
of each field. The story starts at `apply_all`: one pass over the records of an answer, in place.

It decides nothing, and it knows no CRM. It hides what nobody judged: a member that is not a field, and a
container where the connector promises a scalar. Inside free text it looks for personal data where a mask of kind
`detect` has it do so, and nowhere else.

What every mask keeps to:

* *One shape per kind.* The number of mask characters is constant, so the output says nothing of how much was
  hidden. A value of which half or more would stay visible is hidden whole, and so is the empty string.
* *A mask is told by its run of asterisks*, `***`, which no e-mail address, name, phone number or IBAN holds.
  That is what lets `could_be_masked` refuse a write that would put a mask over the truth (invariant 8), and
  why a value that brings asterisks of its own is hidden whole. Some masks look otherwise: `null`; `fixed`, which
  looks as the policy says; and those that generalise, `year_only` (`1984`), `year_month` (`1984-05`) and `range`
  (`30 to 40`): a made-up `1984-01-01` would pass for a birthday when it is written back.
* *Null stays null*, because a client's types expect it where there is nothing; `redact` hides presence too.
* *Only text and numbers are masked.* A boolean has no part to show and a container has no shape: both become
  null.
* *What is shown can be read.* No half of a grapheme cluster, no control, format or direction character.

Why not hashes: an unkeyed hash of a phone number is the phone number. Stand-ins have a key for each recipient.
"""

from proxy.transforms.masks import (
    KINDS,
    Apply,
    check_mask,
    compile_echo,
    compile_mask,
    could_be_masked,
    mask_all,
)
from proxy.transforms.nested import apply_all
from proxy.transforms.redactor import Redactions, Redactor, Redactors
from proxy.transforms.standins import StandIns, is_standin
from proxy.transforms.tally import Cell, Shape, Tally

__all__ = [
    "KINDS",
    "Apply",
    "Cell",
    "Redactions",
    "Redactor",
    "Redactors",
    "Shape",
    "StandIns",
    "Tally",
    "apply_all",
    "check_mask",
    "compile_echo",
    "compile_mask",
    "could_be_masked",
    "is_standin",
    "mask_all",
]
