"""`lychgate policy plan`: who may now see or do what, before anybody merges it."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from proxy.cli import plantext as text
from proxy.cli.policyset import checked_set, declared
from proxy.cli.policytext import counted, problem_lines
from proxy.errors import Problem, Problems
from proxy.policy import PolicySet
from proxy.policy.gather import gather
from proxy.policy.plan import compare, notes, sides
from proxy.policy.revision import Revision, export, find, merge_base

USAGE = 2
WORKING_TREE = "working tree"
_COLOUR = {"+": "red", "-": "green", "~": "yellow"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """One side, read."""

    name: str
    policies: PolicySet
    folder: Path
    root: Path | None
    """The temporary folder in whose place people know the revision; None for files that are where they are."""

    def shown(self, place: str) -> str:
        """Return a place as a person would type it, or find it in a pull request."""
        return place.removeprefix(f"{self.root}/") if self.root else place


class Unusable(Exception):
    """A side that cannot be loaded; its problems have been told."""


@click.command("plan")
@click.argument("given", metavar="[A..B | REV | DIR_A DIR_B]", nargs=-1)
@click.option(
    "--policies",
    "folder",
    default="policies",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The policy set; the repository that holds it is where revisions are looked up.",
)
@click.option(
    "--roles", "role_sets", multiple=True, metavar='"A+B"', help="Look at callers with these roles too."
)
@click.option(
    "--counterexample", "examples", is_flag=True, help="An example for every row, not only for conditions."
)
@click.option(
    "--require-approval",
    "approval",
    type=click.Choice(["loosened"]),
    help="Say whose rules are involved where something opens: their owners have to agree.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the whole plan there, as JSON."
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
@click.pass_context
def plan(
    context: click.Context,
    *,
    given: Sequence[str],
    folder: Path,
    role_sets: Sequence[str],
    examples: bool,
    approval: str | None,
    out: Path | None,
    form: str,
) -> None:
    """Say exactly who may see or do more, or less, after a change of policy.

    A..B are revisions of the repository that holds the policies; A...B is what B changed since it left A; REV,
    or nothing for HEAD, is compared with the working tree; two folders are compared with each other.

    Every combination of role, purpose, recipient, action and field is compared, in every case that conditions
    tell apart, today and on every day on which a rule begins or ends. + loosened, - tightened, ~ both.

    Exit code 0: no change; 10: something is tightened and nothing loosened; 11: something is loosened, or may
    be; 2: a side cannot be read or has an error.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="lychgate-plan-") as scratch:
            old, new = _sides(given, folder, Path(scratch))
            found = _review(old, new, _role_sets(role_sets, old, new), approval=approval)
    except Unusable:
        context.exit(USAGE)
    if out is not None:
        out.write_text(json.dumps(text.data(found), indent=2, ensure_ascii=False) + "\n")
    if form == "json":
        click.echo(json.dumps(text.data(found), indent=2))
    elif form == "markdown":
        click.echo("\n".join(text.markdown_lines(found)))
    else:
        for line in text.text_lines(found, examples=examples):
            click.echo(_coloured(line))
    context.exit(found.exit_code)


def load_revision(folder: Path, name: str, scratch: Path) -> Loaded:
    """Return the policies of a folder at a revision.

    Raises:
        Unusable: they have errors, which have been told.
        NoRevision: there is no such revision, or no such folder in it.
    """
    return _exported(find(folder, name), name, scratch)


def load_folder(folder: Path, name: str) -> Loaded:
    """Return the policies of a folder.

    Raises:
        Unusable: they have errors, which have been told.
    """
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is no folder")
    return _loaded(folder, name, None)


def _sides(given: Sequence[str], folder: Path, scratch: Path) -> tuple[Loaded, Loaded]:
    """Return what is to be compared; both are read, so that the problems of both are told at once."""
    steps: list[Callable[[], Loaded]]
    match given:
        case [one, other] if Path(one).is_dir() and Path(other).is_dir():
            steps = [lambda: load_folder(Path(one), one), lambda: load_folder(Path(other), other)]
        case [one, other]:
            wrong = next(each for each in (one, other) if not Path(each).is_dir())
            raise click.UsageError(f"{wrong} is no folder; for revisions write {one}..{other}")
        case [] | [_]:
            before, dots, after = _range(given[0] if given else "HEAD")
            base = merge_base(folder, before, after or "HEAD") if dots == "..." else before
            steps = [
                lambda: _exported(find(folder, base), before, scratch / "old"),
                lambda: (
                    _exported(find(folder, after), after, scratch / "new")
                    if after
                    else load_folder(folder, WORKING_TREE)
                ),
            ]
        case _:
            raise click.UsageError("give A..B, one revision, or two folders")
    loaded = []
    for step in steps:
        try:
            loaded.append(step())
        except Unusable:
            continue
    if len(loaded) < 2:
        raise Unusable
    return loaded[0], loaded[1]


def _range(given: str) -> tuple[str, str, str]:
    """Return what stands before the dots, the dots, and what stands after them; HEAD where nothing does."""
    for dots in ("...", ".."):
        before, found, after = given.partition(dots)
        if found:
            return before or "HEAD", dots, after or "HEAD"
    return given, "", ""


def _exported(revision: Revision, name: str, scratch: Path) -> Loaded:
    scratch.mkdir(exist_ok=True)
    try:
        folder = export(revision, scratch)
    except Problems as error:
        _tell(name, error.problems, None)
        raise Unusable from None
    return _loaded(folder, name, scratch)


def _loaded(folder: Path, name: str, root: Path | None) -> Loaded:
    try:
        checked, problems = checked_set(folder)
    except click.UsageError as error:
        message = error.message.replace(f"{root}/", f"{name}:") if root else error.message
        raise click.UsageError(message) from None
    if checked.policies is None:
        _tell(name, [problem for problem in problems if problem.severity == "error"], root)
        raise Unusable
    return Loaded(name, checked.policies, folder, root)


def _tell(name: str, problems: Sequence[Problem], root: Path | None) -> None:
    for line in problem_lines(problems):
        click.echo(line.replace(f"{root}/", f"{name}:") if root else line, err=True)
    click.echo(f"{name} has {counted(len(problems), 'error')}; nothing was compared", err=True)


def _role_sets(given: Sequence[str], old: Loaded, new: Loaded) -> list[frozenset[str]]:
    known = {**old.policies.roles, **new.policies.roles}
    found = []
    for each in given:
        roles = frozenset(role.strip() for role in each.split("+"))
        for role in sorted(roles):
            declared("role", role, known)
        found.append(roles)
    return found


def _review(old: Loaded, new: Loaded, role_sets: list[frozenset[str]], *, approval: str | None) -> text.Reviewed:
    began = time.perf_counter()
    today = datetime.now(UTC).date()
    comparison = compare(*sides(old.policies, new.policies), today=today, role_sets=role_sets)
    said = notes(old.policies, new.policies)
    found = text.Reviewed(
        comparison=comparison,
        notes=said,
        old=old.name,
        new=new.name,
        digests=(old.policies.digest, new.policies.digest),
        places=(_places(old), _places(new)),
        approvers=None,
        milliseconds=(time.perf_counter() - began) * 1000,
    )
    if approval is None or not found.opens:
        return found
    return replace(found, approvers=_asked_to_agree(found, old, new))


def _asked_to_agree(found: text.Reviewed, old: Loaded, new: Loaded) -> tuple[str, ...]:
    names = set(approvers(found.comparison.opening, old, new)) if found.comparison.opens else set[str]()
    if any(note.verdict and note.verdict.opens for note in found.notes):
        names |= purpose_owners(old)
    return tuple(sorted(names))


def _places(side: Loaded) -> dict[str, str]:
    return {rule.id: side.shown(rule.place).rpartition(":")[0] for rule in side.policies.rules}


def approvers(rules: frozenset[str], old: Loaded, new: Loaded) -> tuple[str, ...]:
    """Return the owners of the documents in which these rules stand, and of the purposes if any is new.

    Owners are those of the old side wherever the rule or its file is there, and a new document has to be agreed
    to by whoever owns the purposes: otherwise a change could name itself the owner of what it opens.
    """
    before, after = _owners(old), _owners(new)
    where_old = {rule.id: _file(old, rule.place) for rule in old.policies.rules}
    where_new = {rule.id: _file(new, rule.place) for rule in new.policies.rules}
    found: set[str] = set()
    for rule in rules:
        file = where_old.get(rule) or where_new.get(rule, "")
        if file in before:
            found |= before[file]
        else:
            found |= after.get(file, set()) | purpose_owners(old)
    return tuple(sorted(found or purpose_owners(old)))


def purpose_owners(side: Loaded) -> set[str]:
    """Return the owners of the documents that declare what data is used for."""
    documents = [document for _, document in gather(side.folder).vocabularies if document.purposes]
    return {document.metadata.owner for document in documents if document.metadata.owner}


def _owners(side: Loaded) -> dict[str, set[str]]:
    """Return who owns each file; one without an owner is not in it."""
    gathered = gather(side.folder)
    found: dict[str, set[str]] = {}
    for file, document in (*gathered.policies, *gathered.vocabularies):
        owner = document.metadata.owner
        if owner:
            found.setdefault(_file(side, f"{file.path}:0:0"), set()).add(owner)
    return found


def _file(side: Loaded, place: str) -> str:
    """Return the file of a place, relative to the side's folder: the same on either side."""
    return os.path.relpath(place.rsplit(":", 2)[0], side.folder)


def _coloured(line: str) -> str:
    colour = _COLOUR.get(line[:1]) if line[1:2] == " " else None
    return click.style(line, fg=colour) if colour and "NO_COLOR" not in os.environ else line
