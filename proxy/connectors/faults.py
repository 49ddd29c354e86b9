"""Errors of CRMs that answer them as JSON: a known code and our sentence, never the CRM's words.

An error text of a CRM can hold anything: the other person's record behind a duplicate rule, the value that
failed validation, a row in a stack trace. So nothing of an error body is released but a code that the
connector lists, and with it the connector's constant text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxy.connectors import paths
from proxy.connectors.asked import Opened
from proxy.connectors.spec import ConnectorFile
from proxy.message import Headers, Request, Response, Tree

_SERVER: Final = 500
_PLACEHOLDERS: Final = ("{text}", "{code}", "{id}")


@dataclass(frozen=True, slots=True)
class JsonFaults:
    """Writes one CRM's error shape; every text in it comes from the connector's file or from us."""

    shape: object
    code_at: paths.Steps
    codes: dict[str, str]
    statuses: dict[str, str]

    @staticmethod
    def compile(file: ConnectorFile) -> "JsonFaults":
        """Return the faults a connector declares.

        Raises:
            ValueError: the shape, the path or a status in `errors` is wrong.
        """
        model = file.errors
        if not isinstance(model.shape, dict | list):
            raise ValueError("errors.shape must be a mapping or a list")
        for fallback in ("4xx", "5xx"):
            if fallback not in model.statuses:
                raise ValueError(f"errors.statuses needs an entry for {fallback}")
        for code in model.statuses.values():
            if code not in model.codes:
                raise ValueError(f'errors.codes has no text for "{code}"')
        return JsonFaults(model.shape, paths.compile_path(model.code), dict(model.codes), dict(model.statuses))

    @property
    def by_status(self) -> bool:
        """See `Faults.by_status`."""
        return True

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return the CRM's error answer in constants."""
        told = paths.first(tree, self.code_at)
        code = told if isinstance(told, str) and told in self.codes else self.code_for(status)
        return Opened(self._fill({"{text}": self.codes[code], "{code}": code}), is_error=True)

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return our refusal in the CRM's shape; see `Faults.refusal`."""
        values = {
            "{text}": f"{text} (decision {decision_id})",
            "{code}": self.code_for(status),
            "{id}": decision_id,
        }
        body = json.dumps(self._fill(values), ensure_ascii=True).encode("ascii")
        fields = (
            ("content-type", "application/json;charset=UTF-8"),
            ("cache-control", "no-store"),
            ("lychgate-decision", decision_id),
        )
        return Response(status, Headers(fields), body)

    def code_for(self, status: int) -> str:
        """Return the code of a status, where the CRM sent none we know."""
        family = "5xx" if status >= _SERVER else "4xx"
        return self.statuses.get(str(status)) or self.statuses[family]

    def _fill(self, values: dict[str, str]) -> Tree:
        return filled(self.shape, values)


def filled(shape: object, values: Mapping[str, str]) -> Tree:
    """Return a copy of `shape` filled in; a member whose placeholder has no value is left out."""
    if isinstance(shape, dict):
        present = {name: part for name, part in shape.items() if part not in _PLACEHOLDERS or part in values}
        return {str(name): filled(part, values) for name, part in present.items()}
    if isinstance(shape, list):
        return [filled(part, values) for part in shape]
    return values.get(shape, shape) if isinstance(shape, str) else shape
