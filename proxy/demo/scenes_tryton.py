"""A real Tryton server and its own client, proteus, through Lychgate."""

from pathlib import Path

from proxy.demo.stage import Stage


def show(stage: Stage, folder: Path) -> None:
    """Show it."""
    raise NotImplementedError
