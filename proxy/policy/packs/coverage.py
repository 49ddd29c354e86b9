"""Provision -> rule -> test, and beside it all of the law that no rule is about."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from proxy.errors import Problem, Problems
from proxy.policy.documents import PolicyDocument, RuleDocument
from proxy.policy.packs.choosing import PACKS, available
from proxy.policy.packs.documents import ClockDocument, PackDocument, Probe
from proxy.yamlfile import YamlFile, read_yaml, validate


@dataclass(frozen=True, slots=True)
class Provision:
    """One reference of one rule."""

    ref: str
    rule: str
    effect: str
    description: str
    tests: tuple[str, ...]
    """What is tried, in words: what the rule closes, and what it leaves."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one pack is about."""

    pack: PackDocument
    provisions: tuple[Provision, ...]


def coverage(folder: Path) -> Sequence[Coverage]:
    """Return what every pack below a policy folder is about, whether or not a set takes it in.

    Raises:
        Problems: a pack cannot be read.
    """
    return [_of(folder, name) for name in available(folder)]


def markdown(covered: Iterable[Coverage]) -> str:
    """Return the tables as a page."""
    return "\n".join(_page(covered)) + "\n"


def _of(folder: Path, name: str) -> Coverage:
    files = [
        file
        for path in sorted((folder / PACKS / name).iterdir())
        if path.suffix in (".yaml", ".yml")
        for file in read_yaml(path, root=folder)
    ]
    packs = [validate(file, PackDocument) for file in files if _kind(file) == "Pack"]
    if len(packs) != 1:
        where = str(folder / PACKS / name)
        raise Problems([Problem(where, 0, 0, "LG117", "a pack needs one document of kind Pack")])
    guards = [
        guard for file in files if _kind(file) == "Policy" for guard in validate(file, PolicyDocument).guards
    ]
    return Coverage(packs[0], tuple(_provisions(packs[0], guards)))


def _kind(file: YamlFile) -> str:
    return str(file.data.get("kind")) if isinstance(file.data, dict) else ""


def _provisions(pack: PackDocument, guards: Iterable[RuleDocument]) -> Iterator[Provision]:
    for guard in guards:
        tests = tuple(
            f"{_said(probe)}: {outcome}"
            for test in pack.tests
            if test.rule == guard.id
            for probe, outcome in ((test.closes, guard.effect), (test.leaves, "allow"))
        )
        for ref in guard.refs:
            yield Provision(ref, guard.id, guard.effect, guard.description or "", tests)


def _said(probe: Probe) -> str:
    words = [probe.action.value, probe.category or f"tag {probe.tag}", "for", probe.purpose]
    who = probe.recipient
    if who.kind != "internal":
        words += ["to a", who.kind.replace("_", " ")]
    if who.country:
        words += ["in", who.country]
    if who.listed:
        words.append("(listed)")
    if probe.kind != "integration":
        words += ["by a", probe.kind]
    if probe.consents:
        words += ["with consent to", " and ".join(probe.consents)]
    return " ".join(words)


def _page(covered: Iterable[Coverage]) -> Iterator[str]:
    yield "# What the packs control, and what they do not"
    yield ""
    yield "Made by `lychgate policy packs --format markdown`. Not legal advice: a pack carries out a part of a"
    yield "law, as whoever wrote it read it on the day given. What it leaves to you is listed with it."
    for each in covered:
        yield from _section(each)


def _asked(clock: ClockDocument) -> str:
    return " (`policy check` asks for a Retention rule, LG134)" if clock.asks else ""


def _section(covered: Coverage) -> Iterator[str]:
    pack = covered.pack
    yield ""
    yield f"## {pack.metadata.name}"
    yield ""
    yield f"{pack.law}, in force since {pack.effective_from}."
    yield f"Version {pack.version} of the pack, reviewed on {pack.reviewed_on}."
    yield ""
    yield "| provision | rule | effect | tests |"
    yield "|---|---|---|---|"
    for each in covered.provisions:
        yield f"| {each.ref} | `{each.rule}` | {each.effect} | {'<br>'.join(each.tests)} |"
    if pack.by_design:
        yield from ("", "Served for every set, without a rule of the pack:", "")
        yield from (f"- {each.ref}: {each.what}" for each in pack.by_design)
    if pack.clocks:
        yield from ("", "Terms, to be kept by people:", "")
        yield from (f"- {each.ref}: {each.what}: {each.period}{_asked(each)}" for each in pack.clocks)
    yield from ("", "**Not covered: what no machine controls here**", "")
    yield from (f"- {each.ref}: {each.what}" for each in pack.not_covered)
