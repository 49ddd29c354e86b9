"""Where a text names somebody, how the text reads without that, and by what a CRM is asked for such texts.

What is looked for: an address, its mailbox with anything behind a plus sign, its domain in either spelling; a
number as all the world calls it, and as they write it in its country; a name with its words turned round; each
with the gaps, cases, accents, escapes and tags that texts have.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import entities
from itertools import chain
from typing import Final

from proxy.erasure import mailboxes, normal, numbers
from proxy.erasure.reading import JOINT, Reading, View, fold

NAME_WORDS: Final = 2
NAME_LETTERS: Final = 8
"""What a name has to have before texts are searched for it."""
IDEOGRAPHS: Final = 3
"""The same for one in Chinese, Japanese or Korean signs, which may be written without a gap."""
_PASSES: Final = 12
_J: Final = f"{JOINT}*"
_START: Final = r"(?<![^\W_])"
_END: Final = r"(?![^\W_])"
_WORD: Final = re.compile(r"[^\W_]+")
_ATOM: Final = re.compile(r"\d+|[^\W\d_]+")
_WHOLE: Final = "(?![\u11a8-\u11ff\u3099\u309a])"
"""Behind a name in such signs, which are read in their parts: the last is no other that begins alike."""
_LONG_ID: Final = 8
_CJK: Final = re.compile(r"[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u3005\uac00-\ud7a3\u1100-\u11ff]+")
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\u3005]+|[\uac00-\ud7a3]+")
_ABROAD: Final = re.compile(r"(?:\+|(?<![^\W_])00)[\d\s.\-()/]*$")
"""Just before a number: what makes it another country's."""
_ABROAD_SIGNS: Final = 8
_SHORT_TOKEN: Final = 4
_NO_ADDRESS: Final = r"(?![\w.+\-]{0,64}(?:@|%40|&#64|&commat))"
"""Behind a name: it is no part of an address, which may be somebody else's."""
_NO_LOCAL: Final = r"(?<![^\W_][._+\-])"
"""Before an address: what begins there is no end of a longer one, which is somebody else's."""
_NO_EXTENSION: Final = r"(?!-\d)"
"""Behind a number: no one in the same house is called by more digits."""
_NUMERIC: Final = f"[\\s.\\-()/{JOINT}]*"


def telling(kind: str, value: str) -> bool:
    """Say whether a value names one person well enough to be looked for in texts."""
    if kind == "address":
        return len(value) >= NAME_LETTERS
    if kind != "name":
        return kind != "text"
    if _CJK.fullmatch("".join(value.split())):
        return len("".join(value.split())) >= IDEOGRAPHS and (
            len(value.split()) >= NAME_WORDS or _HAN.fullmatch(value.strip()) is not None
        )
    return len(value.split()) >= NAME_WORDS and len(value) >= NAME_LETTERS


def within(kind: str, value: str, text: str | Reading, region: str = "") -> bool:
    """Say whether a text holds a value, however it is written there.

    Args:
        kind: of the value.
        value: as somebody wrote it.
        text: to be looked into.
        region: country of numbers that do not say theirs, where the text stands; "" if nobody knows.
    """
    reading = text if isinstance(text, Reading) else Reading(text)
    return any(True for _, _ in _found(kind, value, reading, region))


def without(kind: str, value: str, text: str, put: str, region: str = "") -> str:
    """Return a text in which `put` stands for a value wherever `within` finds it; the rest is as it was.

    A text out of which it cannot be taken goes as a whole.
    """
    for _ in range(_PASSES):
        view, spans = None, []
        for each, span in _found(kind, value, Reading(text), region):
            if view is not None and each is not view:
                break
            view = each
            spans.append(span)
        if view is None:
            return text
        text = _cut(text, view, spans, put)
    return put


def _cut(text: str, view: View, spans: Sequence[tuple[int, int]], put: str) -> str:
    """Return a text with something else in the place of each stretch; tags in between stay."""
    parts: list[str] = []
    at = 0
    for span in spans:
        new = put
        for begin, end in view.pieces(*span):
            parts += [text[at : max(at, begin)], new]
            at, new = max(at, end), ""
    return "".join([*parts, text[at:]])


def _found(kind: str, value: str, reading: Reading, region: str) -> Iterator[tuple[View, tuple[int, int]]]:
    """Yield where a value stands, in the ways in which a text can be read."""
    pattern = _pattern(kind, value, region)
    if pattern is None:
        return
    for view in reading.plain if kind in {"name", "address"} else reading.exact:
        for match in pattern.finditer(view.text):
            if match.lastgroup != "dialled" or not _abroad(match):
                yield view, match.span()


def _abroad(match: re.Match[str]) -> bool:
    """Say whether a number that was found is the end of one of another country."""
    before = match.string[max(0, match.start() - _ABROAD_SIGNS) : match.start()]
    return not match[0].lstrip("(").startswith(("+", "00")) and _ABROAD.search(before) is not None


@lru_cache(maxsize=256)
def _pattern(kind: str, value: str, region: str) -> re.Pattern[str] | None:
    """Return what finds a value in a text that is read."""
    if not normal.key(kind, value):
        return None
    if kind == "email":
        body = _email(value)
    elif kind == "phone":
        return re.compile(_phone(value, region))
    elif kind == "id":
        body = _id(fold(value, accents=True))
    elif kind == "name":
        return _name(fold(value, accents=False))
    else:
        body = f"[\\s{JOINT}]+".join(map(_spread, fold(value, accents=kind != "address").split()))
    return re.compile(f"{_START}(?:{body}){_END}") if body else None


def _spread(text: str) -> str:
    """Return what finds a text with tags within it."""
    return _J.join(map(re.escape, text))


def _id(value: str) -> str:
    """Return what finds an identifier; a short one has gaps where letters end and digits begin, or no more.

    With one between any two digits, 1234 would be found in 12-34, and in an amount of 1.234.
    """
    atoms: Sequence[str] = _ATOM.findall(value)
    if sum(map(len, atoms)) >= _LONG_ID:
        atoms = "".join(atoms)
    return f"[\\s.\\-_/{JOINT}]*".join(map(_spread, atoms))


def _email(value: str) -> str:
    """Return what finds an address, with anything behind a plus sign; as text what is none."""
    found = dict.fromkeys(mailboxes.alike(value))
    if not found:
        return f"[\\s{JOINT}]+".join(map(_spread, fold(value, accents=True).split()))
    more = rf"(?:{_J}\+[^\s@<>\"']{{0,64}})?"
    bodies = []
    for each in found:
        local, _, domain = (fold(part, accents=True) for part in each.rpartition("@"))
        own = mailboxes.owner(local)
        behind = "" if mailboxes.is_shared(own.partition("+")[0]) else more
        bodies.append(f"{_spread(own)}{behind}{_J}@{_J}{_spread(domain)}")
    return f"{_NO_LOCAL}(?:{'|'.join(dict.fromkeys(bodies))})"


def _phone(value: str, region: str) -> str:
    """Return what finds a number; the group `dialled` has one whose country is known."""
    opening = r"(?:\((?=[+\d\s]{1,6}\)))?"
    number = numbers.parsed(value, region)
    if number is None:
        digits = numbers.digits_of(value).lstrip("0")
        return rf"{_START}{opening}(?:(?:\+|00?){_NUMERIC})?{_NUMERIC.join(digits)}{_END}{_NO_EXTENSION}"
    rest, before = _NUMERIC.join(numbers.significant(number)), numbers.trunk(number)
    zero = rf"(?:\(?0\)?{_NUMERIC})?" if before == "0" else ""
    country = _NUMERIC.join(str(number.country_code))
    ways = [rf"(?:(?:\+|00|011){_NUMERIC})?{country}{_NUMERIC}{zero}{rest}"]
    if numbers.within_country(number, region):
        ways.append(rf"(?:{_NUMERIC.join(before)}{_NUMERIC})?{rest}" if before else rest)
    return rf"{_START}(?P<dialled>{opening}(?:{'|'.join(ways)})){_END}{_NO_EXTENSION}"


def _name(value: str) -> re.Pattern[str] | None:
    """Return what finds a name, its words as they are or turned round; those behind a comma come first."""
    atoms = [_WORD.findall(each) for each in _in_order(value)]
    if _CJK.fullmatch("".join("".join(each) for each in atoms)):
        return _unspaced(["".join(each) for each in atoms])
    spelled = [f"[\\s'\\-{JOINT}]*".join(map(_spread, each)) for each in atoms if each]
    if not spelled:
        return None
    gap = rf"(?:[\s\-+_{JOINT}]+|\.)"
    turned = rf"(?:{_J},[\s{JOINT}]*|{gap})"
    ways = [gap.join(spelled)]
    ways += [turned.join((gap.join(spelled[at:]), gap.join(spelled[:at]))) for at in range(1, len(spelled))]
    return re.compile(f"{_START}(?:{'|'.join(ways)}){_END}{_NO_ADDRESS}")


def _in_order(name: str) -> list[str]:
    """Return the words of a name, those of the family last: what stands behind a comma is said first."""
    family, _, given = name.partition(",")
    return [*given.split(), *family.split()]


def _unspaced(parts: list[str]) -> re.Pattern[str]:
    """Return what finds a name whose signs need no gap around or between its words."""
    gap = rf"[\s・･=,、{JOINT}]*"
    if len(parts) == 1:
        return re.compile(rf"[\s{JOINT}]*".join(map(re.escape, parts[0])) + _WHOLE)
    ways = [parts[at:] + parts[:at] for at in range(len(parts))]
    return re.compile(f"(?:{'|'.join(gap.join(map(_spread, each)) for each in ways)}){_WHOLE}")


def written(kind: str, value: str, region: str) -> tuple[str, ...]:
    """Return the forms in which a CRM is asked for a value among other words, as it may be written there."""
    if kind == "phone":
        return normal.forms(kind, value, region)
    if kind == "name":
        parts = _in_order(value)
        turned = [" ".join(parts[at:] + parts[:at]) for at in range(len(parts))]
        return tuple(dict.fromkeys([value, *turned, f"{parts[-1]}, {' '.join(parts[:-1])}"]))
    if kind == "email":
        alike = tuple(mailboxes.alike(value)) or (value,)
        escaped = [each.replace("@", sign) for each in alike for sign in ("@", "%40", "&#64;", "&commat;")]
        return tuple(dict.fromkeys([value, *escaped]))
    return (value,)


def asked(kind: str, value: str, region: str) -> tuple[str, ...]:
    """Return the words by which a CRM finds every text that may hold a value, and others: it is judged here.

    A CRM finds by rules of its own, and knows nothing of tags or of words that are turned round.
    """
    found: list[str] = [*written(kind, value, region)]
    if kind == "phone":
        found += numbers.tails(value, region)
    elif kind == "email":
        local = (mailboxes.apart(value) or ("", ""))[0].partition("+")[0]
        found += [local] if len(local) >= _SHORT_TOKEN else []
    elif kind == "id":
        compact = "".join(_WORD.findall(value))
        found += [*normal.forms(kind, value), _longest(value), compact[-_SHORT_TOKEN:]]
    elif kind == "name":
        found += chain.from_iterable(map(_spellings, _rarest(value)))
    return tuple(each for each in dict.fromkeys(found) if len(each) >= 2)


def _rarest(name: str) -> tuple[str, ...]:
    """Return the word of a name that the fewest others have: what they call the family, if it is long enough."""
    family = name.partition(",")[0] if "," in name else name.rsplit(maxsplit=1)[-1]
    if family == name and _HAN.fullmatch(name):
        return name[:2], name[-2:]  # nobody knows where the family's name ends, and there may be a gap
    longest = _longest(family)
    if len(longest) > _SHORT_TOKEN or (_CJK.fullmatch(longest) and len(longest) > 1):
        return (longest,)
    return (_longest(name) or name,)


def _longest(text: str) -> str:
    return max(map(str, _WORD.findall(unicodedata.normalize("NFC", text))), key=len, default="")


def _spellings(word: str) -> list[str]:
    """Return a word with its accents, without them, and with the names that HTML has for its letters.

    Many a CRM minds the case of letters that ASCII does not have.
    """
    named = "".join(
        f"&{entities.codepoint2name[ord(each)]};" if ord(each) in entities.codepoint2name else each
        for each in word
    )
    apart = unicodedata.normalize("NFD", word)
    bare = "".join(each for each in apart if not unicodedata.combining(each))
    return [word, bare, named, apart, *([] if word.isascii() else [word.upper()])]
