"""`lychgate policy replay`: what another policy would have made of what happened."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from proxy.cli.plantext import LOOSENED, NO_CHANGE, ONLY_TIGHTENED
from proxy.cli.policy_plan import Unusable, load_folder, load_revision
from proxy.cli.policyset import recorded
from proxy.cli.policytext import counted
from proxy.ledger import verify as judge
from proxy.policy.plan.replay import Replayed, Way
from proxy.policy.plan.replay import replay as decide_again

USAGE = 2


@click.command("replay")
@click.option(
    "--ledger",
    envvar="LYCHGATE_LEDGER",
    default="state/ledger",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the ledger; the proxy may be running.",
)
@click.option(
    "--policy", "given", metavar="DIR|REV", default="policies", show_default=True, help="Decide by these."
)
@click.option(
    "--policies",
    "folder",
    default="policies",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the policies lie in the repository, if --policy is a revision.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def replay(context: click.Context, *, ledger: Path, given: str, folder: Path, form: str) -> None:
    """Make the decisions in the ledger again, by the policies in a folder or at a revision.

    The ledger keeps names and no values. How many decisions can be made again from that comes first; a
    decision that depends on the facts of a record cannot, unless it comes out the same whatever they were.
    Rules are taken as of today. The ledger itself is not checked; `audit verify` does that.

    Exit code 0: nothing comes out differently; 10: something is refused or hidden that was not; 11: something
    is allowed or shown that was not; 2: the ledger or the policies cannot be read.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="lychgate-replay-") as scratch:
            path = Path(given)
            loaded = load_folder(path, given) if path.is_dir() else load_revision(folder, given, Path(scratch))
            policies = loaded.policies
            places = {rule.id: loaded.shown(rule.place).rpartition(":")[0] for rule in policies.rules}
            found = decide_again(recorded(ledger), policies, policies.now().date())
    except Unusable:
        context.exit(USAGE)
    except (judge.NotALedger, OSError) as error:
        raise click.UsageError(f"{ledger}: {error}") from None
    if form == "json":
        click.echo(json.dumps(_data(found, places), indent=2))
    else:
        for line in _lines(found, places):
            click.echo(line)
    context.exit(_exit_code(found))


def _exit_code(found: Replayed) -> int:
    if found.opens:
        return LOOSENED
    return ONLY_TIGHTENED if found.ways else NO_CHANGE


def _lines(found: Replayed, places: Mapping[str, str]) -> Iterator[str]:
    share = f" ({found.replayable / found.decisions:.1%})" if found.decisions else ""
    why = ", ".join(f"{number:,} {reason}" for reason, number in found.not_replayable.items())
    decisions = counted(found.decisions, "decision")
    yield f"Replayable: {found.replayable:,} of {decisions}{share}.{f' Not replayable: {why}.' if why else ''}"
    share = f" ({found.changed / found.decisions:.2%})" if found.changed else ""
    yield f"Changed: {found.changed:,}{share} in {counted(len(found.ways), 'group')}"
    width = max((len(f"{number:,}") for number in found.ways.values()), default=0)
    for way, number in found.ways.items():
        sign = "+" if way.opens else "-"
        yield f"  {sign} {number:>{width},}  {_who(way)}   {way.was} -> {way.now}{_by(way, places)}"


def _who(way: Way) -> str:
    roles = "+".join(way.roles) or "nobody"
    return f"{roles} · {way.purpose} · to {way.recipient} · {way.connector} · {way.what}"


def _by(way: Way, places: Mapping[str, str]) -> str:
    return f"   by {way.rule} ({places[way.rule]})" if way.rule in places else ""


def _data(found: Replayed, places: Mapping[str, str]) -> dict[str, object]:
    return {
        "exit_code": _exit_code(found),
        "decisions": found.decisions,
        "replayable": found.replayable,
        "not_replayable": dict(found.not_replayable),
        "changed": found.changed,
        "groups": [
            {
                "opens": way.opens,
                "decisions": number,
                "roles": list(way.roles),
                "purpose": way.purpose,
                "recipient": way.recipient,
                "connector": way.connector,
                "what": way.what,
                "was": way.was,
                "now": way.now,
                "rule": way.rule,
                "place": places.get(way.rule, ""),
            }
            for way, number in found.ways.items()
        ],
    }
