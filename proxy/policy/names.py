"""Names checked against what is declared, each unknown one told at its place with the near word."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from proxy.errors import Problem
from proxy.yamlfile import Path, YamlFile, nearest

MAX_SUGGESTED: Final = 100
"""Unknown names of one run that are compared with every known one; whoever has more has another mistake."""
_DECLARED: Final = frozenset({"role", "purpose", "recipient", "mask", "category"})


@dataclass(frozen=True, slots=True)
class Spot:
    """One value in one document."""

    file: YamlFile
    path: Path = ()

    def __truediv__(self, step: str | int) -> "Spot":
        return Spot(self.file, (*self.path, step))

    def __str__(self) -> str:
        """Return `file:line:column`."""
        return self.file.where(self.path)


Silence = Callable[[Spot, str], bool]
"""(place, code) -> whether somebody answers for that warning there."""


def _nobody(_spot: Spot, _code: str) -> bool:
    return False


@dataclass(slots=True)
class Findings:
    """What linking finds wrong; collected, never raised half-way."""

    problems: list[Problem] = field(default_factory=list)
    words_missing: bool = False
    """A document that declares words could not be read: one slip there must not bury itself under a hundred
    unknown roles, so unknown words are left out and not noted."""
    silence: Silence = _nobody
    """Asked before a warning is noted."""
    _first: dict[tuple[str, str], str] = field(default_factory=dict)
    _suggested: int = 0

    def add(
        self,
        spot: Spot,
        code: str,
        message: str,
        *,
        also: str = "",
        severity: Literal["error", "warning"] = "error",
        key: bool = False,
    ) -> None:
        """Note one problem, unless it is a warning that is waived; with `key` at the key of the value."""
        if severity == "warning" and self.silence(spot, code):
            return
        self.problems.append(spot.file.problem(spot.path, code, message, key=key, also=also, severity=severity))

    def known(self, spot: Spot, what: str, name: str, known: Collection[str]) -> bool:
        """Tell whether a name is declared, and note it if not (LG101)."""
        if name in known:
            return True
        if self.words_missing and what in _DECLARED:
            return False
        near = self._near(name, known)
        few = "; declared: " + (", ".join(sorted(known)) or "none") if len(known) <= 12 else ""
        self.add(spot, "LG101", f'unknown {what} "{name}"{near or few}')
        return False

    def _near(self, name: str, known: Collection[str]) -> str:
        self._suggested += 1
        return nearest(name, known) if self._suggested <= MAX_SUGGESTED else ""

    def selector(
        self, spot: Spot, what: str, names: Iterable[str] | None, known: Collection[str]
    ) -> frozenset[str] | None:
        """Return the declared ones among a selector's names; None stays None = any.

        Unknown ones are noted. They are left out, never turned into "any": the set will not load anyway.
        """
        if names is None:
            return None
        return frozenset(name for at, name in enumerate(names) if self.known(spot / at, what, name, known))

    def once(self, spot: Spot, what: str, name: str) -> None:
        """Note a name that is declared a second time, with the first place (LG107)."""
        line, column = spot.file.place(spot.path, key=True)
        here = f"{spot.file.path}:{line}:{column}"
        first = self._first.setdefault((what, name), here)
        if first != here:
            self.add(spot, "LG107", f'{what} "{name}" stands twice; keep one', also=first, key=True)


def declare[T, L](
    sections: Iterable[tuple[Spot, Mapping[str, T]]],
    what: str,
    findings: Findings,
    link: Callable[[Spot, str, T], L],
) -> Mapping[str, L]:
    """Return one section of all vocabularies, linked, by name; the first of two equal names wins."""
    found: dict[str, L] = {}
    for section, items in sections:
        for name, item in items.items():
            findings.once(section / name, what, name)
            linked = link(section / name, name, item)
            found.setdefault(name, linked)
    return found
