"""Every way an exchange or a policy author can fail, as one tree.

    LychgateError
    ├── ExchangeError              one exchange ends here; carries stage, reason, status
    │   ├── Unidentified           the caller's fault, 401: no, unknown or expired credential
    │   ├── Refused                the caller's fault, 403: policy says no
    │   │   ├── Gap                policy has no word for it: unknown route, object, field, purpose, ...
    │   │   └── KeyGone            what is asked for was made unreadable for good
    │   ├── Undecodable            the caller's fault, 400/413/415/422: we cannot read it exactly
    │   ├── UpstreamFault          the CRM's fault, 502: its answer cannot be made safe
    │   └── Unavailable            ours, 503: policy, keys or ledger cannot be used
    ├── Problems                   a file a person wrote is wrong: every problem at once
    ├── LedgerError                the ledger on disk is damaged, or in use by another process
    └── StoreError                 the database cannot be used as it is configured, or as it is

No exception here ever carries a field's value, a query, a URL or a credential: `reason` is a constant from
the code, and `detail` holds names from the connector or the policy only. That is what makes it safe to log
them and to write them to the ledger.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal


class LychgateError(Exception):
    """Anything Lychgate raises on purpose."""


class ExchangeError(LychgateError):
    """One exchange cannot go on.

    Args:
        reason: a constant snake_case word, safe as a metric label (`unknown_route`, `bad_json`).
        detail: names from the connector or the policy, for the ledger. Never a value, never client text.
        status: the HTTP status the client gets; None takes the class's default.
    """

    default_status: ClassVar[int] = 503

    def __init__(self, reason: str, detail: str = "", *, status: int | None = None) -> None:
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.status = self.default_status if status is None else status


class Unidentified(ExchangeError):
    """The caller did not prove who it is, or claims a purpose it is not registered for."""

    default_status = 401


class Refused(ExchangeError):
    """Policy says no."""

    default_status = 403


class Gap(Refused):
    """Policy has no word for something in this exchange, so it is refused, counted and listed.

    Args:
        kind: what there is no word for; a metric label.
        reason: as for `ExchangeError`.
    """

    def __init__(self, kind: "GapKind", reason: str, detail: str = "", *, status: int | None = None) -> None:
        super().__init__(reason, detail, status=status)
        self.kind: GapKind = kind


class KeyGone(Refused):
    """The key of a protected value has been destroyed, and with it the value: no later attempt can succeed."""


GapKind = Literal["route", "object", "field", "construct", "media", "purpose", "client", "response"]
"""What policy can have no word for. `construct` is a part of a query language, `response` a member of an
answer that the connector does not declare."""


class Undecodable(ExchangeError):
    """The client's message cannot be read exactly; 400, 413, 415 or 422."""

    default_status = 400


class UpstreamFault(ExchangeError):
    """The CRM did not answer, or its answer cannot be made safe."""

    default_status = 502


class Unavailable(ExchangeError):
    """Policy, keys or ledger cannot be used now."""

    default_status = 503


class LedgerError(LychgateError):
    """The ledger on disk is damaged, incomplete or in use by another process."""


class StoreError(LychgateError):
    """The database cannot be used as it is configured, or was used by a newer version."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file that a person wrote, told so that the person can mend it.

    Attributes:
        file: path as the person would type it.
        line: 1-based; 0 when the problem is about the whole file.
        column: 1-based; 0 with `line` 0.
        code: stable, `LG101`.
        message: what is wrong and what to write instead.
        also: another place involved, `file:line:column`, or "".
        severity: `error` stops a policy set from being activated, `warning` does not.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    also: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        also = f" (see also {self.also})" if self.also else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code}: {self.message}{also}"


class Problems(LychgateError):
    """Every problem found in one run, sorted by place; at least one is an error."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
