"""The kinds of mask a policy may name: what each takes, does, and looks like when it comes back."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Final

from proxy.detect import check_find, compile_detector
from proxy.message import Tree, scalar_text
from proxy.model import Mask
from proxy.transforms import shapes

Apply = Callable[[Tree], Tree]
"""What stands in the record -> what is shown; total, never raises."""
Shape = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number a mask takes."""

    least: int
    most: int
    default: int | None = None
    """What it is when the policy does not say; None: the policy must."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mask: its shape, and the only parameter it takes, if any."""

    shape: Callable[..., str]
    count: Count | None = None
    shapes: Callable[[list[str]], list[str]] | None = None
    """The shape of many texts, where there is a quicker way than one by one."""


_TEXTUAL: Final[Mapping[str, Kind]] = {
    "constant": Kind(shapes.constant),
    "address": Kind(shapes.constant),
    "keep_first": Kind(shapes.keep_first, Count(1, 8)),
    "keep_last": Kind(shapes.keep_last, Count(1, 8)),
    "email": Kind(shapes.email),
    "email_domain": Kind(shapes.email_domain),
    "name": Kind(shapes.name),
    "phone": Kind(shapes.phone, shapes=shapes.phones),
    "iban": Kind(shapes.iban, Count(2, 4, 4)),
    "year_only": Kind(shapes.year_only, shapes=shapes.years),
    "year_month": Kind(shapes.year_month),
    "range": Kind(shapes.number_range, Count(2, 1_000_000)),
}
_BY_SEMANTIC: Final[Mapping[str, str]] = {
    "email": "email",
    "phone": "phone",
    "name": "name",
    "address": "address",
    "iban": "iban",
    "date": "year_only",
}
"""What `by_type` means; any other semantic type is hidden whole."""
KINDS: Final = frozenset({*_TEXTUAL, "by_type", "null", "fixed", "detect"})
"""Every kind of mask there is."""

_NEEDS: Final[Mapping[str, str]] = {"year_only": "date", "year_month": "date", "range": "number"}
"""Kinds for fields of one semantic type only; they hide all in others: elsewhere 1984 may be anything, and
a range of ten would be most of a phone number."""
_YEAR: Final = re.compile(r"[0-9]{4}")
_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")
_RANGE: Final = re.compile(r"(-?[0-9]+)to(-?[0-9]+)", re.IGNORECASE)
"""Without the spaces."""
_ASTERISKS: Final = dict.fromkeys(map(ord, "\u2217\u204e\u22c6\u2731\u2732\u273b\u2055"), "*")
"""Signs that look like the asterisk of a mask and that NFKC keeps apart from it."""
_SHORTEST_PHONE: Final = 3
"""112 is a number one can call; two digits are what a mask shows of one."""
_LONGEST_FIXED: Final = 64


@dataclass(frozen=True, slots=True)
class Masked:
    """Shows a shape of a text or a number, and null for anything else."""

    shape: Shape
    shapes: Callable[[list[str]], list[str]] | None = None
    """See `Kind`."""

    def __call__(self, value: Tree) -> Tree:
        """Return what is shown of one value."""
        text = value if type(value) is str else scalar_text(value)
        return None if text is None else self.shape(text)


@dataclass(frozen=True, slots=True)
class Detecting:
    """Shows a text or a number without what was looked for in it, and null for a container."""

    hide: Shape

    def __call__(self, value: Tree) -> Tree:
        """Return what is shown of one value: it as it is, where nothing was found."""
        text = scalar_text(value)
        if text is None:
            return value if value is None or isinstance(value, bool) else None
        shown = self.hide(text)
        return value if shown == text else shown


def mask_all(mask: Apply, values: Sequence[Tree]) -> list[Tree]:
    """Return what is shown of each value: as `mask` itself, sooner."""
    if not isinstance(mask, Masked):
        return list(map(mask, values))
    if mask.shapes is None:
        shape = mask.shape
        return [shape(value) if type(value) is str else mask(value) for value in values]
    texts = [value for value in values if type(value) is str]
    shown = mask.shapes(texts) if texts else []
    if len(shown) == len(values):
        return list[Tree](shown)
    left = iter(shown)
    return [next(left) if type(value) is str else mask(value) for value in values]


def check_mask(mask: Mask) -> None:
    """Return if `compile_mask` will take this mask.

    Raises:
        ValueError: what is wrong and what to write instead, as a sentence for the policy's author.
    """
    given = dict(mask.params)
    if mask.kind not in KINDS:
        near = difflib.get_close_matches(mask.kind, sorted(KINDS), n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"write one of: {', '.join(sorted(KINDS))}"
        raise ValueError(f"there is no kind of mask called '{mask.kind}'; {hint}")
    takes = _takes(mask.kind)
    if unknown := sorted(given.keys() - set(takes)):
        what = "only '" + "' and '".join(takes) + "'" if takes else "nothing"
        raise ValueError(f"a mask of kind '{mask.kind}' takes {what}, not '{unknown[0]}'")
    if mask.kind == "detect":
        check_find(*_sought(given))
    elif mask.kind == "fixed":
        _fixed_value(given)
    elif mask.kind in _TEXTUAL:
        _count(mask.kind, given)


def compile_mask(mask: Mask, semantic: str) -> Apply:
    """Return the function that `mask` is, for fields of one semantic type.

    Raises:
        ValueError: as `check_mask`.
    """
    check_mask(mask)
    if mask.kind == "null":
        return _null
    if mask.kind == "detect":
        return Detecting(compile_detector(*_sought(dict(mask.params))))
    if mask.kind == "fixed":
        value = _fixed_value(dict(mask.params))
        return lambda given: None if given is None else value
    return Masked(_shape(mask, semantic), _TEXTUAL[_kind(mask.kind, semantic)].shapes)


def could_be_masked(mask: Mask, semantic: str, value: Tree) -> bool:
    """Say whether `value`, found in a write, is what `mask` shows instead of the truth.

    True for everything `compile_mask(mask, semantic)` can return but null, and for null where the mask is
    `null`. Never true for an ordinary value of that semantic type; an author who makes an ordinary value the
    `fixed` one has asked for it.
    """
    if value is None or mask.kind == "null":
        return value is None and mask.kind == "null"
    text = (scalar_text(value) or "").strip()
    if mask.kind == "fixed":
        return text == str(_fixed_value(dict(mask.params))).strip()
    plain = _in_one_hand(text)
    if shapes.MASK in plain:
        return True
    kind = _kind(mask.kind, semantic)
    if kind == "phone" and semantic == "phone":
        # What is left of a masked number once somebody's program has kept the digits only.
        return plain.isdigit() and len(plain) < _SHORTEST_PHONE
    if kind == "year_month":
        return bool(_MONTH.fullmatch(plain))
    if kind == "range":
        return bool(_RANGE.fullmatch(plain))
    return kind == "year_only" and (bool(_YEAR.fullmatch(plain)) or _is_year(plain))


_TOLD_BY_ASTERISKS: Final = frozenset(
    {"constant", "address", "keep_first", "keep_last", "email", "email_domain", "name", "iban", "detect"}
)
"""Kinds of which nothing but the run of asterisks tells a mask."""


def compile_echo(masks: Iterable[Mask], semantic: str) -> Callable[[Tree], bool]:
    """Return what says of a value in a write whether it `could_be_masked` by any of the masks, sooner for
    most."""
    each = tuple(dict.fromkeys(masks))
    kinds = {_kind(mask.kind, semantic) for mask in each} - _TOLD_BY_ASTERISKS
    plain, phones = not kinds, kinds == {"phone"} and semantic == "phone"

    def echo(value: Tree) -> bool:
        told = type(value) is str and value.isascii() and "*" not in value
        if told and (plain or (phones and len("".join(str(value).split())) >= _SHORTEST_PHONE)):
            return False
        return any(could_be_masked(mask, semantic, value) for mask in each)

    return echo


def _in_one_hand(text: str) -> str:
    """Return `text` as it would be without tricks of writing: widths, look-alikes, spaces, invisible signs."""
    if text.isascii():
        return "".join(text.split())
    folded = unicodedata.normalize("NFKC", text).translate(_ASTERISKS)
    return "".join(sign for sign in folded if not sign.isspace() and unicodedata.category(sign) != "Cf")


def _is_year(text: str) -> bool:
    """Say whether a number, however it is written, is four digits long."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return number.is_finite() and 1000 <= number <= 9999 and number == int(number)


def _null(_value: Tree) -> Tree:
    return None


def _shape(mask: Mask, semantic: str) -> Shape:
    name = _kind(mask.kind, semantic)
    kind = _TEXTUAL[name]
    if kind.count is None:
        return kind.shape
    return partial(kind.shape, count=_count(name, dict(mask.params)))


def _kind(kind: str, semantic: str) -> str:
    """Return the kind that does the work."""
    found = _BY_SEMANTIC.get(semantic, "constant") if kind == "by_type" else kind
    return found if _NEEDS.get(found, semantic) == semantic else "constant"


def _takes(kind: str) -> tuple[str, ...]:
    if kind == "fixed":
        return ("value",)
    if kind == "detect":
        return ("find", "country")
    return ("n",) if kind in _TEXTUAL and _TEXTUAL[kind].count else ()


def _sought(given: Mapping[str, str | int]) -> tuple[str, str]:
    find, country = given.get("find", ""), given.get("country", "")
    if not isinstance(find, str) or not isinstance(country, str):
        raise ValueError("a mask of kind 'detect' takes texts: find, words between commas, and country")
    return find, country


def _count(kind: str, given: Mapping[str, str | int]) -> int | None:
    count = _TEXTUAL[kind].count
    if count is None:
        return None
    number = given.get("n", count.default)
    if type(number) is not int or not count.least <= number <= count.most:
        raise ValueError(f"a mask of kind '{kind}' needs 'n', a number from {count.least} to {count.most}")
    return number


def _fixed_value(given: Mapping[str, str | int]) -> str | int:
    value = given.get("value")
    if type(value) is int:
        return value
    if type(value) is not str or not value.strip() or not value.isprintable() or len(value) > _LONGEST_FIXED:
        raise ValueError(f"a mask of kind 'fixed' needs 'value', a number or 1 to {_LONGEST_FIXED} characters")
    return value
