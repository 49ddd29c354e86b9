"""Which packs a policy set takes in: those that its vocabulary names, and no other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Final

from proxy.errors import Problem
from proxy.policy.documents import VocabularyDocument
from proxy.policy.packs.documents import PackDocument
from proxy.yamlfile import YamlFile, nearest

PACKS: Final = "packs"
"""The folder, right below that of the policies, in which packs lie until somebody names them."""
ALIASES: Final[Mapping[str, str]] = MappingProxyType({"pipa-jp": "appi-jp"})
"""Names under which a pack is asked for by mistake; PIPA is the law of Korea."""


def available(folder: Path) -> Sequence[str]:
    """Return the names of the packs below a policy folder, sorted; links are not among them."""
    try:
        found = [path for path in (folder / PACKS).iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return ()
    return sorted(path.name for path in found if not path.name.startswith("."))


def chosen(
    folder: Path, vocabularies: Iterable[tuple[YamlFile, VocabularyDocument]], problems: list[Problem]
) -> Sequence[str]:
    """Return the names of the packs that vocabularies take in, sorted; what is wrong goes to `problems`."""
    known = available(folder)
    found: set[str] = set()
    for file, document in vocabularies:
        for at, given in enumerate(document.packs):
            name = ALIASES.get(given, given)
            if name not in known:
                few = f"; there are {', '.join(known) or 'none'}"
                message = f'unknown pack "{given}"{nearest(given, known) or few}'
                problems.append(file.problem((PACKS, at), "LG101", message))
                continue
            if name != given:
                message = f'"{given}" is taken for {name}: the law of Japan is the APPI; write {name}'
                problems.append(file.problem((PACKS, at), "LG129", message, severity="warning"))
            found.add(name)
    return sorted(found)


def missing_sets(
    packs: Iterable[PackDocument], vocabularies: Sequence[tuple[YamlFile, VocabularyDocument]]
) -> Iterator[Problem]:
    """Yield a problem, where the pack is taken in, for every set that a pack needs and no vocabulary has."""
    declared = {name for _, document in vocabularies for name in document.sets}
    for pack in packs:
        name = pack.metadata.name
        for file, document in vocabularies:
            for at, given in enumerate(document.packs):
                for each, what in pack.needs.items() if ALIASES.get(given, given) == name else ():
                    if each not in declared:
                        message = f"pack {name} needs sets.{each}, which may be empty: {what}"
                        yield file.problem((PACKS, at), "LG117", message)


def pack_of(place: str) -> str:
    """Return the pack that a `file:line:column` or a path lies in, or ""."""
    parts = PurePath(place).parts
    return parts[-2] if len(parts) > 2 and parts[-3] == PACKS else ""
