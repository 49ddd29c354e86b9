"""The command line: one module per noun, all of them registered here.

Exit codes everywhere: 0 fine, 1 findings, 2 usage or I/O, 3 a defect of ours. What goes wrong is told on
standard error; standard output carries results only, so that `--format json` can be piped.
"""

import sys
from importlib import import_module
from typing import Final, override

import click

from proxy import __version__
from proxy.errors import LychgateError

FINDINGS, USAGE, INTERNAL = 1, 2, 3
"""Exit codes; see the module's docstring."""
COMMANDS: Final = (
    "audit", "certificate", "client", "connector", "demo", "doctor", "erasure", "init", "keys", "policy",
    "principal", "protect", "run", "sandbox", "token",
)  # fmt: skip
"""Each is the module of this package that has its name, and what is called so in it."""


class _Commands(click.Group):
    """Loads the module of the command that is called and no other: all of them take two seconds."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lychgate")
def cli() -> None:
    """A policy-as-code privacy proxy in front of any CRM API."""


def main() -> None:
    """Run the command line and exit with its code; what we raise on purpose is told without a traceback."""
    try:
        # Outside standalone mode click returns the code of `ctx.exit` instead of exiting with it.
        sys.exit(cli(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except click.Abort:
        sys.exit(130)
    except LychgateError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)
