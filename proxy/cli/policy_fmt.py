"""`lychgate policy fmt`: every document in one layout."""

import difflib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from proxy.errors import Problems
from proxy.policy.editing.kinds import KINDS
from proxy.policy.editing.tidy import tidy
from proxy.policy.gather import policy_files
from proxy.yamlfile import read_text, read_yaml

FINDINGS = 1


@click.command("fmt")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--check", is_flag=True, help="Change nothing; exit code 1 if something would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would.")
@click.pass_context
def fmt(context: click.Context, paths: Sequence[Path], *, check: bool, diff: bool) -> None:
    """Lay out policy files in one way: the folders and files in PATH (policies, if not given).

    Keys are put in order, comments stay with what they are about, and text that other YAML readers
    misunderstand (NO, 12:30) is quoted. What a file says never changes. In a folder, connectors are left alone,
    and so are floors, which are pinned by their hash.
    """
    found = list(_files(paths or [Path("policies")]))
    changed, broken = 0, False
    for path in found:
        try:
            before = read_text(path)
            after = tidy(before, KINDS, str(path))
        except Problems as error:
            click.echo(str(error), err=True)
            broken = True
            continue
        if after == before:
            continue
        changed += 1
        if diff:
            click.echo(_difference(path, before, after), nl=False)
        if not check and not diff:
            _replace(path, after)
            click.echo(f"formatted  {path}")
        elif not diff:
            click.echo(f"would change  {path}")
    verb = "would change" if check or diff else "changed"
    click.echo(f"{changed} of {len(found)} file{'s' * (len(found) != 1)} {verb}", err=True)
    if broken or (changed and (check or diff)):
        context.exit(FINDINGS)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise click.UsageError(f"{path} does not exist")
        if path.is_dir():
            found = policy_files(path)
            pinned = set(_pinned(found))
            yield from (each for each in found if os.path.normpath(each) not in pinned)
        else:
            yield path


def _pinned(paths: Sequence[Path]) -> Iterator[str]:
    """Yield the files that others extend by their hash: laid out anew they would not be those files any more."""
    for path in paths:
        try:
            documents = read_yaml(path)
        except Problems:
            continue
        for document in documents:
            extends = document.data.get("extends") if isinstance(document.data, dict) else None
            if isinstance(extends, dict) and isinstance(extends.get("file"), str):
                yield os.path.normpath(path.parent / extends["file"])


def _difference(path: Path, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _replace(path: Path, text: str) -> None:
    """Put a new file in the place of the old one, so that nobody ever reads half of it."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(path.stat().st_mode & 0o777)
        Path(name).replace(path)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None
