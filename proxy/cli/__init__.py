"""The command line: one module per noun, all of them registered here.

Exit codes everywhere: 0 fine, 1 findings, 2 usage or I/O, 3 a defect of ours. What goes wrong is told on
standard error; standard output carries results only, so that `--format json` can be piped.
"""

import sys

import click

from proxy import __version__
from proxy.cli.audit import audit
from proxy.cli.certificate import certificate
from proxy.cli.client import client
from proxy.cli.connector import connector
from proxy.cli.demo import demo
from proxy.cli.doctor import doctor
from proxy.cli.erasure import erasure
from proxy.cli.init import init
from proxy.cli.keys import keys
from proxy.cli.policy import policy
from proxy.cli.principal import principal
from proxy.cli.protect import protect
from proxy.cli.run import run
from proxy.cli.sandbox import sandbox
from proxy.cli.token import token
from proxy.errors import LychgateError

FINDINGS, USAGE, INTERNAL = 1, 2, 3
"""Exit codes; see the module's docstring."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lychgate")
def cli() -> None:
    """A policy-as-code privacy proxy in front of any CRM API."""


for command in (
    run,
    init,
    doctor,
    policy,
    audit,
    erasure,
    certificate,
    client,
    keys,
    principal,
    connector,
    sandbox,
    demo,
    protect,
    token,
):
    cli.add_command(command)


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
