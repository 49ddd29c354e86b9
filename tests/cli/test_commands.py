"""The command line as a whole: what it offers, and that a command loads what it needs and no more."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from proxy.cli import COMMANDS, cli

NOT_NEEDED = """
import sys
from click.testing import CliRunner
from proxy.cli import cli
assert CliRunner().invoke(cli, ["sandbox", "hubspot", "--help"]).exit_code == 0
print(*sorted({"mitmproxy", "sqlalchemy"} & sys.modules.keys()))
"""


def test_all_commands_are_listed_with_what_they_are_for() -> None:
    """`--help` shows each with its line."""
    said = CliRunner().invoke(cli, ["--help"])
    assert said.exit_code == 0
    listed = [line.split(maxsplit=1) for line in said.output.partition("Commands:\n")[2].splitlines()]
    assert [name for name, _ in listed] == [*COMMANDS]
    assert all(text for _, text in listed)


def test_every_module_with_a_command_of_its_name_is_listed() -> None:
    """A new command is not forgotten here."""
    folder = Path(str(cli.callback.__code__.co_filename)).parent
    names = [path.stem for path in folder.glob("*.py") if path.stem not in {"__init__", "__main__"}]
    found = {
        name
        for name in names
        if isinstance(getattr(import_module(f"proxy.cli.{name}"), name, None), click.Command)
    }
    groups = {name for name in COMMANDS if isinstance(cli.get_command(click.Context(cli), name), click.Group)}
    nested = {
        each.name for name in groups for each in cli.get_command(click.Context(cli), name).commands.values()
    }
    assert found - nested <= {*COMMANDS} <= found


@pytest.mark.parametrize("name", ["polcy", "__main__", "policytext", ""])
def test_another_name_is_no_command(name: str) -> None:
    """A module of the package that is no command cannot be called as one."""
    said = CliRunner().invoke(cli, [name])
    assert said.exit_code == 2
    assert "No such command" in said.output


def test_a_command_loads_only_what_it_needs() -> None:
    """A sandbox begins to serve without the proxy and the store having been read."""
    said = subprocess.run([sys.executable, "-c", NOT_NEEDED], capture_output=True, text=True, check=True)
    assert said.stdout.split() == []
