"""What is printed, and the count of what was shown and what did not hold."""

import os
import sys
from collections.abc import Sequence

import click

WIDTH = 30
ABSENT = "·"
"""Stands in a table for what did not come."""


class Stage:
    """Prints scenes and counts expectations; the exit code of the demo comes from here."""

    def __init__(self) -> None:
        self.shown = 0
        self.failed = 0
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def scene(self, title: str) -> None:
        """Begin a scene."""
        click.echo("\n" + self._style(title, bold=True))

    def say(self, text: str) -> None:
        """Print lines below the scene's title."""
        for line in text.splitlines():
            click.echo(f"  {line}")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print columns side by side."""
        widths = [min(WIDTH, max(len(row[at]) for row in (heads, *rows))) for at in range(len(heads))]
        for number, row in enumerate((heads, *rows)):
            cells = [_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)]
            click.echo("  " + self._style("  ".join(cells).rstrip(), dim=number == 0))

    def expect(self, what: str, holds: object) -> bool:
        """Print whether something is as promised, and count it."""
        self.shown += 1
        self.failed += not holds
        mark = self._style("ok  ", fg="green") if holds else self._style("FAIL", fg="red", bold=True)
        click.echo(f"  {mark} {what}")
        return bool(holds)

    def close(self) -> int:
        """Print the closing line and return the exit code."""
        click.echo(f"\ndemo: {self.shown} shown, {self.failed} failed")
        return 1 if self.failed or not self.shown else 0

    def _style(self, text: str, **how: object) -> str:
        return click.style(text, **how) if self._colour else text  # type: ignore[arg-type]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
