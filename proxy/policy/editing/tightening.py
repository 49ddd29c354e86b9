"""What models check in code, said to editors too: keys of which one is needed, possible dates, conditions."""

from collections.abc import Mapping
from typing import Any, Final

Schema = dict[str, Any]

_LEAP: Final = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29"
_YEAR: Final = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_DAY: Final = (
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
DATE: Final = f"^({_YEAR}-{_DAY}|{_LEAP})$"
"""Days that there are, from the year 1 to 9999."""
WHEN: Final = "When"
_REFERENCE: Final = {"$ref": f"#/$defs/{WHEN}"}
_CONDITIONS: Final = {"type": "array", "minItems": 1, "items": _REFERENCE}
_ONE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "ValidDocument": ("from", "until"),
    "ExceptDocument": ("roles", "purposes", "recipients"),
    "ExceptionDocument": ("roles", "purposes", "recipients"),
}
"""Models of which at least one key has to be there and to say something."""
_EITHER: Final[Mapping[str, tuple[str, ...]]] = {"Probe": ("category", "tag")}
"""Models of which exactly one key has to."""
_WHENS: Final = ("RuleDocument", "RetentionRuleDocument", "HoldDocument", "ExemptionDocument")


def tighten(definitions: dict[str, Schema]) -> None:
    """Have a schema refuse what the models refuse in code, as far as a schema can say it.

    That `valid` ends after it begins, and all that depends on other documents, it cannot.
    """
    for each in definitions.values():
        _dates(each)
    for name, keys in _ONE_OF.items():
        if name in definitions:
            definitions[name]["anyOf"] = [_said(key) for key in keys]
    for name, keys in _EITHER.items():
        if name in definitions:
            definitions[name]["oneOf"] = [_said(key) for key in keys]
    for name in _WHENS:
        if name in definitions and "when" in definitions[name]["properties"]:
            when = definitions[name]["properties"]["when"]
            definitions[name]["properties"]["when"] = {**_REFERENCE, "description": when.get("description", "")}
            definitions[WHEN] = _when()
    if "KeyDocument" in definitions:
        definitions["KeyDocument"]["properties"]["sha256"]["pattern"] = "^[0-9a-f]{64}$"


def _said(key: str) -> Schema:
    return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}


def _when() -> Schema:
    return {
        "title": WHEN,
        "description": "A condition, a list of them that must all hold, or any, all or none with a list.",
        "anyOf": [
            {"type": "string", "minLength": 1},
            _CONDITIONS,
            *(
                {
                    "type": "object",
                    "required": [word],
                    "properties": {word: _CONDITIONS},
                    "additionalProperties": False,
                }
                for word in ("any", "all", "none")
            ),
        ],
    }


def _dates(part: object) -> None:
    """Put the pattern of possible dates where a date stands."""
    if isinstance(part, list):
        for each in part:
            _dates(each)
    if isinstance(part, dict):
        if part.get("format") == "date":
            part["pattern"] = DATE
        for each in part.values():
            _dates(each)
