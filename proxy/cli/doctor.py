"""`lychgate doctor`: what keeps an installation from working, or soon will."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from proxy.cli.policytext import visible, wants_color
from proxy.config import load_config
from proxy.doctor import NOT_SEEN, Finding, Grade, examine

_COLOR = {Grade.OK: "green", Grade.WARN: "yellow", Grade.FAIL: "red"}


@click.command()
@click.option(
    "--config",
    "-c",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("lychgate.yaml"),
    show_default=True,
)
@click.option("--offline", is_flag=True, help="Do not look CRMs up or connect to them.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def doctor(path: Path, form: str, *, offline: bool) -> None:
    """Look at everything an installation needs, and say what to do about what is wrong.

    State, keys, policies and their tests, ledger, certificates, credentials, ports, and whether each CRM is
    there and proves its name. Nothing is changed and no request is sent to a CRM; the proxy may be running.

    Exit code 0: nothing keeps it from working; 1: something does; 2: the configuration cannot be read.
    """
    config = load_config(path)
    found = []
    for finding in examine(config, now=datetime.now(UTC), network=not offline):
        found.append(finding)
        if form == "text":
            click.echo("\n".join(_lines(finding, color=wants_color())))
    failed = any(finding.grade is Grade.FAIL for finding in found)
    if form == "json":
        told = {"ok": not failed, "findings": [asdict(finding) for finding in found], "not_seen": NOT_SEEN}
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo("\n".join(["", "Nobody can tell from here:", *(f"  - {each}" for each in NOT_SEEN)]))
    click.get_current_context().exit(1 if failed else 0)


def _lines(finding: Finding, *, color: bool) -> list[str]:
    grade = f"{finding.grade:<4}"
    if color:
        grade = click.style(grade, fg=_COLOR[finding.grade])
    lines = [f"{grade}  {finding.part}: {visible(finding.what)}"]
    return [*lines, f"      -> {visible(finding.do)}"] if finding.do else lines
