"""`lychgate keys rotate|suspend|resume|compromised`: the life of the keys that wrap all others."""

import time
from pathlib import Path

import click

from proxy.cli.keying import CONFIG, FORM, Custody, Told, custody, say
from proxy.keys import indexes
from proxy.keys.epochs import NotNow
from proxy.keys.rewrap import Progress, renew_all, rewrap
from proxy.keys.states import UNWRAPS, State
from proxy.vault.reindex import Marked, reindex
from proxy.vault.rows import marked_by


@click.command()
@CONFIG
@FORM
@click.option("--subjects", is_flag=True, help="Give every data subject a new key instead.")
@click.option(
    "--older-than",
    type=click.IntRange(min=0),
    default=0,
    metavar="DAYS",
    help="With --subjects: only those whose newest key is older.",
)
@click.option("--index", is_flag=True, help="Exchange the key by which protected values are found instead.")
@click.pass_context
def rotate(
    context: click.Context, path: Path, form: str, older_than: int, *, subjects: bool, index: bool
) -> None:
    """Bring a new key into force with the provider, and wrap every other key anew under it.

    The proxy may be running: nobody is refused. What dies half-way is finished by running it again. The old key
    stays with the provider until `keys destroy`; backups from before open until then.

    With --subjects, every data subject gets a new key, which seals from now on; what the older ones sealed opens
    still, and is sealed anew when it is next written.

    With --index, another key makes the marks that values are found by. Both are searched while every value is
    marked anew; then the old one is destroyed. What dies half-way is finished by running it again.

    Exit code 1: some keys do not open under the key they are said to be wrapped under, and were left; or some
    values cannot be opened, and are found no more.
    """
    if subjects and index:
        raise click.UsageError("rotate --subjects and --index one after the other")
    with custody(path) as held:
        if subjects:
            _renew(held, form, older_than)
            return
        if index:
            context.exit(1 if _reindex(held, form).lost else 0)
        last = _rotate(held, form)
    context.exit(1 if last.damaged else 0)


@click.command()
@click.argument("epoch", type=int, required=False)
@CONFIG
@FORM
def suspend(epoch: int | None, path: Path, form: str) -> None:
    """Refuse everything that needs the key of EPOCH, or of the one in force, in every process at once."""
    with custody(path) as held:
        number = _or_active(held, epoch)
        held.epochs.suspend(number)
        say(form, f"epoch {number} is suspended", epoch=number, state="suspended")


@click.command()
@click.argument("epoch", type=int, required=False)
@CONFIG
@FORM
def resume(epoch: int | None, path: Path, form: str) -> None:
    """Have EPOCH, or the one that is suspended, as it was before it was suspended."""
    with custody(path) as held:
        number = _or_suspended(held, epoch)
        held.epochs.resume(number)
        state = held.epochs.all()[number].state
        say(form, f"epoch {number} is {state} again", epoch=number, state=state.value)


@click.command()
@click.argument("epoch", type=int)
@CONFIG
@FORM
def compromised(epoch: int, path: Path, form: str) -> None:
    """Write down that others may know the key of EPOCH. Rotate before, and destroy it after."""
    with custody(path) as held:
        held.epochs.compromise(epoch)
        say(form, f"epoch {epoch} is compromised", epoch=epoch, state="compromised")


def _rotate(held: Custody, form: str) -> Progress:
    epochs = held.epochs
    known, counts = epochs.all(), epochs.counts()
    unfinished = [
        number
        for number, epoch in known.items()
        if epoch.state in UNWRAPS - {State.ACTIVE} and counts.get(number)
    ]
    if not unfinished:
        epochs.begin()
    number = max(epochs.all())
    told, last = Told(f"keys are wrapped under epoch {number}"), Progress(0, 0)
    for last in rewrap(held.keys):
        told.step(last.done, last.total)
    told.end()
    held.note("keys_rewrapped", f"epoch={number} keys={last.done} damaged={last.damaged}")
    again = "; that ends what an earlier run began, run it once more for another epoch" if unfinished else ""
    left = f"; {last.damaged:,} do not open, and were left" if last.damaged else ""
    text = f"epoch {number} is in force, {last.done:,} keys were wrapped anew{left}{again}"
    say(form, text, epoch=number, keys=last.done, damaged=last.damaged, resumed=bool(unfinished))
    return last


def _renew(held: Custody, form: str, days: int) -> None:
    held.note("subject_keys_renewed", f"older_than_days={days}")
    told, done = Told("data subjects have a new key"), 0
    for done in renew_all(held.keys, time.time() - days * 86_400):
        told.step(done)
    told.end()
    say(form, f"{done:,} data subjects have a new key", subjects=done)


def _reindex(held: Custody, form: str) -> Marked:
    known = indexes.searched(held.keys)
    unfinished = len(known) > 1
    number = known[-1]
    if not unfinished or number != max(known):
        number = indexes.begin(held.keys, held.note)
    told, last = Told(f"values are marked with index key {number}"), Marked(0)
    with held.kept.store.read() as connection:
        counts = marked_by(connection)
    total = sum(count for each, count in counts.items() if each < number)
    for last in reindex(held.kept.vault):
        told.step(last.done, total)
    told.end()
    indexes.end(held.keys, held.note, number)
    again = "; that ends what an earlier run began, run it once more for another key" if unfinished else ""
    lost = f"; {last.lost:,} cannot be opened, and are found no more" if last.lost else ""
    text = f"index key {number} is in force, {last.done:,} values were marked anew{lost}{again}"
    say(form, text, index=number, values=last.done, lost=last.lost, resumed=unfinished)
    return last


def _or_active(held: Custody, epoch: int | None) -> int:
    if epoch is not None:
        return epoch
    for number, each in held.epochs.all().items():
        if each.state is State.ACTIVE:
            return number
    raise NotNow("no epoch is in force: say which one")


def _or_suspended(held: Custody, epoch: int | None) -> int:
    found = [number for number, each in held.epochs.all().items() if each.state is State.SUSPENDED]
    if epoch is None and len(found) != 1:
        raise NotNow(f"suspended are: {', '.join(map(str, found)) or 'none'}; say which one")
    return epoch if epoch is not None else found[0]
