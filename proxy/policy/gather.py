"""Every policy document below one folder, read and checked for its shape."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from proxy.errors import Problem, Problems
from proxy.policy.documents import PolicyDocument, VocabularyDocument
from proxy.policy.erasing.documents import ErasureDocument
from proxy.policy.packs.choosing import PACKS, chosen, missing_sets, pack_of
from proxy.policy.packs.documents import PackDocument
from proxy.policy.retention.documents import RetentionDocument
from proxy.policy.testing.documents import PolicyTestDocument
from proxy.yamlfile import YamlFile, nearest, parse_yaml, read_text, validate

ELSEWHERE: Final = frozenset({"connectors"})
"""Folders whose files are read by somebody else; `packs/` is read only as far as a vocabulary says."""
MAX_FILES: Final = 1000
_KINDS: Final = ("Vocabulary", "Policy", "Retention", "Erasure", "PolicyTest")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found, in the order of paths; every document keeps its file for places."""

    vocabularies: tuple[tuple[YamlFile, VocabularyDocument], ...]
    policies: tuple[tuple[YamlFile, PolicyDocument], ...]
    documents: tuple[object, ...]
    """The data of every document as it was read, for the digest; less tests, which no decision depends on."""
    files: int
    problems: tuple[Problem, ...]
    """What is wrong with documents that are therefore missing above."""
    words_missing: bool
    """A vocabulary, or a file that may hold one, is among the missing."""
    floors: Mapping[str, str]
    """Path of each file that is a floor -> SHA-256 of its bytes."""
    tests: tuple[tuple[YamlFile, PolicyTestDocument], ...] = ()
    retentions: tuple[tuple[YamlFile, RetentionDocument], ...] = ()
    erasures: tuple[tuple[YamlFile, ErasureDocument], ...] = ()
    packs: tuple[PackDocument, ...] = ()
    """Those that a vocabulary takes in."""


def gather(folder: Path) -> Gathered:
    """Return all documents below a folder; hidden files and `connectors/` are left out.

    Raises:
        Problems: the folder cannot be listed or holds no policy document at all; a wrong path must not pass
            for a policy that simply denies everything.
    """
    problems: list[Problem] = []
    vocabularies: list[tuple[YamlFile, VocabularyDocument]] = []
    policies: list[tuple[YamlFile, PolicyDocument]] = []
    documents: list[object] = []
    tests: list[tuple[YamlFile, PolicyTestDocument]] = []
    retentions: list[tuple[YamlFile, RetentionDocument]] = []
    erasures: list[tuple[YamlFile, ErasureDocument]] = []
    packs: list[PackDocument] = []
    paths = _paths(folder, problems)
    words_missing = False
    digests: dict[str, str] = {}
    for path in _with_packs(folder, paths, vocabularies, problems):
        files, digests[str(path)] = _read(path, folder, problems)
        words_missing |= not files
        for file in files:
            try:
                kind = _kind(file)
                if kind == "PolicyTest":
                    tests.append((file, validate(file, PolicyTestDocument)))
                    continue
                documents.append(file.data)
                if kind == "Pack":
                    packs.append(validate(file, PackDocument))
                elif kind == "Vocabulary":
                    vocabularies.append((file, validate(file, VocabularyDocument)))
                elif kind == "Retention":
                    retentions.append((file, validate(file, RetentionDocument)))
                elif kind == "Erasure":
                    erasures.append((file, validate(file, ErasureDocument)))
                else:
                    policies.append((file, validate(file, PolicyDocument)))
            except Problems as error:
                problems += error.problems
                words_missing |= not _declares_nothing(file)
    if not documents and not problems:
        raise Problems([Problem(str(folder), 0, 0, "LG100", "has no policy documents (*.yaml)")])
    problems += missing_sets(packs, vocabularies)
    floors = _floors(policies, digests, problems)
    return Gathered(
        tuple(vocabularies),
        tuple(policies),
        tuple(documents),
        len(digests),
        tuple(problems),
        words_missing,
        floors,
        tuple(tests),
        tuple(retentions),
        tuple(erasures),
        tuple(packs),
    )


def _with_packs(
    folder: Path,
    paths: Iterable[Path],
    vocabularies: Sequence[tuple[YamlFile, VocabularyDocument]],
    problems: list[Problem],
) -> Iterator[Path]:
    """Yield the paths of the set, and then, of the vocabularies read by now, those of the packs they take in."""
    yield from paths
    for name in chosen(folder, tuple(vocabularies), problems):
        yield from _paths(folder / PACKS / name, problems)


def _floors(
    policies: Sequence[tuple[YamlFile, PolicyDocument]], digests: Mapping[str, str], problems: list[Problem]
) -> Mapping[str, str]:
    """Return the floors that the documents name, each as it was when its digest was written down."""
    found: dict[str, str] = {}
    paths = {os.path.normpath(path): path for path in digests}
    for file, document in policies:
        if document.extends is None:
            continue
        path = paths.get(os.path.normpath(Path(file.path).parent / document.extends.file), "")
        digest = digests.get(path)
        if digest is None:
            message = f'there is no file "{document.extends.file}" in the policy folder; copy the floor there'
            problems.append(file.problem(("extends", "file"), "LG126", message))
        elif path == file.path:
            problems.append(file.problem(("extends", "file"), "LG126", "a file cannot be its own floor"))
        elif digest != document.extends.sha256:
            message = f"the floor is not the one that was pinned: its SHA-256 is {digest}; review what changed"
            problems.append(file.problem(("extends", "sha256"), "LG126", message))
        else:
            found[path] = digest
    for file, document in policies:
        if file.path in found and document.extends is not None:
            problems.append(file.problem(("extends",), "LG126", "a floor stands on no other floor"))
    return MappingProxyType(found)


def policy_files(folder: Path) -> Sequence[Path]:
    """Return the files that `gather` reads, in the order of paths.

    Raises:
        Problems: the folder cannot be listed, or has links in it.
    """
    problems: list[Problem] = []
    found = _paths(folder, problems)
    if problems:
        raise Problems(problems)
    return found


def _paths(folder: Path, problems: list[Problem]) -> Sequence[Path]:
    try:
        found = sorted(path for path in _walk(folder, problems) if path.relative_to(folder).parts[0] != PACKS)
    except OSError as error:
        raise Problems([Problem(str(folder), 0, 0, "LG100", f"cannot be read: {error.strerror}")]) from None
    if len(found) > MAX_FILES:
        raise Problems([Problem(str(folder), 0, 0, "LG100", f"has more than {MAX_FILES} files")])
    return found


def _walk(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_symlink() and path.is_dir():
            problems.append(Problem(str(path), 0, 0, "LG100", "is a link; links are not followed"))
        elif path.is_dir():
            if path.name not in ELSEWHERE:
                yield from _walk(path, problems)
        elif path.suffix in (".yaml", ".yml"):
            yield path


def _read(path: Path, folder: Path, problems: list[Problem]) -> tuple[list[YamlFile], str]:
    """Return the documents of a file and the SHA-256 of the very bytes they were read from."""
    digest = ""
    try:
        text = read_text(path, folder)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return parse_yaml(text, str(path)), digest
    except Problems as error:
        problems += error.problems
        return [], digest


def _declares_nothing(file: YamlFile) -> bool:
    return isinstance(file.data, dict) and file.data.get("kind") in {
        "Policy",
        "PolicyTest",
        "Retention",
        "Erasure",
    }


def _kind(file: YamlFile) -> str:
    """Return the document's kind, one of `_KINDS`.

    Raises:
        Problems: it has none, or one that does not belong here.
    """
    kind = file.data.get("kind") if isinstance(file.data, dict) else None
    if kind in _KINDS or (kind == "Pack" and pack_of(file.path)):
        return str(kind)
    if kind == "Pack":
        problem = file.problem(("kind",), "LG101", f"a Pack belongs in a folder below {PACKS}/")
    elif kind == "Connector":
        problem = file.problem(("kind",), "LG101", "a Connector belongs in the folder connectors/")
    elif isinstance(kind, str):
        known = f"; expected one of {', '.join(_KINDS)}"
        problem = file.problem(("kind",), "LG101", f'unknown kind "{kind}"{nearest(kind, _KINDS) or known}')
    else:
        problem = file.problem((), "LG117", f'missing key "kind"; expected one of {", ".join(_KINDS)}')
    raise Problems([problem])
