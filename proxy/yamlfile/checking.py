"""A document checked against a model: all errors at once, each at its place, with the near word."""

import difflib
import json
import re
from collections.abc import Collection, Iterator
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from proxy.errors import Problem, Problems
from proxy.yamlfile.reading import Path, YamlFile


class Strict(BaseModel):
    """Base of every model of a document: unknown keys refused, nothing coerced, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def validate[M: BaseModel](file: YamlFile, model: type[M]) -> M:
    """Return the document as a `model`.

    A validator of the model may raise `PydanticCustomError` with a code such as `LG104` as its type to choose
    the code of its problem; any `ValueError` becomes LG117.

    Raises:
        Problems: every error: LG101 for an unknown key or word, LG117 for a wrong or missing value.
    """
    try:
        # Through JSON, because only there `strict` lets a list be a tuple or a set and a word be an enum,
        # while text is still never a number.
        return model.model_validate_json(json.dumps(file.data))
    except ValidationError as error:
        problems = [_problem(file, model, details) for details in error.errors(include_url=False)]
    raise Problems(problems)


def nearest(word: str, known: Collection[str]) -> str:
    """Return ` (did you mean "x"?)` for the known word closest to `word`, or ""."""
    near = difflib.get_close_matches(word, sorted(known), n=1)
    if not near:
        by_case = {each.casefold(): each for each in sorted(known)}
        near = [by_case[each] for each in difflib.get_close_matches(word.casefold(), by_case, n=1)]
    return f' (did you mean "{near[0]}"?)' if near else ""


def _problem(file: YamlFile, model: type[BaseModel], details: ErrorDetails) -> Problem:
    kind, given = details["type"], details["input"]
    path = _path(file, details["loc"])
    if kind == "extra_forbidden":
        key = str(path[-1])
        known = _keys_at(model, path[:-1])
        return file.problem(path, "LG101", f'unknown key "{key}"{nearest(key, known)}', key=True)
    if kind == "missing":
        return file.problem(path, "LG117", f'missing key "{details["loc"][-1]}"')
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        return file.problem(path, "LG101", _unknown_word(path, details))
    if kind in _EXPECTED:
        return file.problem(path, "LG117", f"expected {_EXPECTED[kind]}, got {_shown(given)}")
    if kind == "too_short" and not given:
        return file.problem(path, "LG117", "the list is empty; name at least one, or leave the key out")
    if kind == "string_pattern_mismatch":
        pattern = details.get("ctx", {}).get("pattern")
        return file.problem(path, "LG117", f'"{str(given)[:60]}" is not of the form {pattern}')
    code = kind if re.fullmatch(r"LG\d+", kind) else "LG117"
    return file.problem(path, code, details["msg"].removeprefix("Value error, "))


def _unknown_word(path: Path, details: ErrorDetails) -> str:
    given = details["input"]
    context = details.get("ctx", {})
    known = re.findall(r"'([^']*)'", str(context.get("expected", context.get("expected_tags", ""))))
    if "tag" in context:
        given = context["tag"]
    names = [step for step in path if isinstance(step, str)]
    what = f"unknown {names[-1]}" if names and path[-1] == names[-1] else "unknown word"
    if not isinstance(given, str):
        return f"{what}: expected one of {', '.join(known)}, got {_shown(given)}"
    return f'{what} "{given}"' + (nearest(given, known) or f"; expected one of {', '.join(known)}")


_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "date_type": "a date (2027-03-31)",
    "date_parsing": "a date (2027-03-31)",
    "date_from_datetime_parsing": "a date (2027-03-31)",
    "none_required": "nothing",
}


def _shown(given: object) -> str:
    """Name what the author wrote; text and numbers are quoted, structure is only named."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if given is None:
        return "nothing"
    if isinstance(given, int | float):
        return f"the number {given}; put it in quotes if it is text"
    if isinstance(given, str):
        return f'the text "{given[:60]}"'
    return "a list" if isinstance(given, list) else "keys and values"


def _path(file: YamlFile, loc: tuple[str | int, ...]) -> Path:
    """Return the part of a pydantic location that exists in the document, less what pydantic made up."""
    path: Path = ()
    for step in loc:
        if (*path, step) in file.places:
            path = (*path, step)
    return path


def _keys_at(model: type[BaseModel], path: Path) -> set[str]:
    """Return the keys that models allow for a mapping at `path`."""
    found: list[object] = [model]
    for step in path:
        found = [inner for annotation in found for inner in _inside(annotation, step)]
    return {
        field.alias or name
        for annotation in found
        for each in plain_types(annotation)
        if isinstance(each, type) and issubclass(each, BaseModel)
        for name, field in each.model_fields.items()
    }


def _inside(annotation: object, step: str | int) -> Iterator[object]:
    """Yield what a value of type `annotation` may hold at `step`."""
    for each in plain_types(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel):
            for name, field in each.model_fields.items():
                if (field.alias or name) == step:
                    yield field.annotation
        elif get_args(each):
            arguments = [argument for argument in get_args(each) if argument is not Ellipsis]
            yield arguments[-1]


def plain_types(annotation: Any) -> Iterator[Any]:
    """Yield the types that an annotation stands for, unions and Annotated undone."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        for argument in get_args(annotation):
            yield from plain_types(argument)
    elif origin is Annotated:
        yield from plain_types(get_args(annotation)[0])
    elif hasattr(annotation, "__value__"):
        yield from plain_types(annotation.__value__)
    else:
        yield annotation
