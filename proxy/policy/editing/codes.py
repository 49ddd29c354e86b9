"""What each code of a finding stands for, in a few words, where a report has room for a title."""

from typing import Final

CODES: Final = {
    "LG100": "The file cannot be read exactly",
    "LG101": "A key, word or name that does not exist",
    "LG102": "A grant that can never matter",
    "LG103": "A guard that can never matter",
    "LG104": "Different masks of equal strength can meet",
    "LG105": "An optional attribute used without has()",
    "LG106": "A number without an exact meaning",
    "LG107": "Something that stands twice",
    "LG108": "A purpose without a lawful basis",
    "LG109": "Special categories granted without a ground of GDPR Art. 9(2)",
    "LG110": "A recipient abroad without safeguards",
    "LG111": "Something that has ended, or ends soon",
    "LG112": "A field without a category",
    "LG113": "A field that no rule speaks about",
    "LG114": "A grant that reaches other organisations",
    "LG115": "A query by a field that may not be read",
    "LG116": "A condition that is always the same",
    "LG117": "A value that is missing or of the wrong kind",
    "LG119": "A waiver that silences nothing",
    "LG120": "A role that leaves the three questions open",
    "LG121": "A condition that is not in the language",
    "LG122": "A condition that compares what does not go together",
    "LG123": "A condition that is too large",
    "LG124": "A text in a condition that cannot be what it is used as",
    "LG125": "A mask that does not fit its field",
    "LG126": "A floor that is not the pinned one, or leaves its words to others",
    "LG127": "A guard that waits for a record",
    "LG128": "A test of the set's own that fails",
    "LG129": "A pack asked for by another name",
    "LG130": "Clock of retention that is none",
    "LG131": "Clock that a record may lack",
    "LG132": "Retention that can never matter",
    "LG133": "Retention that contradicts a duty",
    "LG147": "Erasure rule that cannot hold",
    "LG148": "Erasure said twice",
    "LG149": "Not all clients can be told",
    "LG134": "A term that a law asks for and nobody has laid down",
    "LG135": "Hidden records that a query tells of",
    "LG136": "Groups of one that a computed value tells of",
    "LG140": "A protected value that does not fit its field",
    "LG141": "Deterministic protection that nobody answers for",
    "LG142": "Protection of values that are too easily guessed",
    "LG143": "Protection of a field that something depends on in clear",
    "LG144": "Two protections of one field",
    "LG145": "A field of which nobody says how long it is",
    "LG146": "Tokens that a CRM may refuse",
    "LG300": "A connector's file is not a connector",
    "LG301": "A connector that cannot be used as it is written",
}
"""Codes are stable: a waiver or a suppression may name them."""


def title(code: str) -> str:
    """Return the title of a code; one that is not listed gets a general one."""
    return CODES.get(code, "A finding in a policy")
