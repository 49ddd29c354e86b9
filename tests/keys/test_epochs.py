"""The life of an epoch: what may follow on what, who has to want it, and what is on record before it happens."""

import os
from collections.abc import Callable

import pytest
from sqlalchemy import update

from proxy.crypto.providers import Custody
from proxy.errors import Unavailable
from proxy.keys import Keys, State
from proxy.keys.epochs import ASSENT_SECONDS, Epochs, NotNow
from proxy.keys.rewrap import rewrap
from proxy.keys.states import ENDED, STEPS, UNWRAPS, WRAPS
from proxy.keys.tables import EPOCHS

Make = Callable[..., Keys]
OFFICERS = {"ann": "a" * 64, "ben": "b" * 64}


@pytest.fixture
def said() -> list[str]:
    """Give the list of what was written down."""
    return []


@pytest.fixture
def epochs(keys: Keys, said: list[str], clock) -> Epochs:
    """Give the epochs of a new installation."""
    return Epochs(
        keys,
        lambda what, detail: said.append(f"{what} {detail}"),
        now=clock,
        random=os.urandom,
        officers=OFFICERS,
    )


def met(keys: Keys) -> bytes:
    """Return the id of the key of somebody new."""
    with keys.store.begin() as connection:
        return keys.new_subject(connection).id


def states(epochs: Epochs) -> dict[int, State]:
    """Return how every epoch stands."""
    return {number: epoch.state for number, epoch in epochs.all().items()}


def test_the_table_of_states_is_whole() -> None:
    """Every state has its followers, none comes back from its end, and only one wraps."""
    assert STEPS.keys() == set(State)
    assert {State.ACTIVE} == WRAPS
    assert not UNWRAPS & ENDED
    for ended in ENDED:
        assert STEPS[ended] <= ENDED


def test_a_rotation_begins_with_the_next_key(keys: Keys, epochs: Epochs, said: list[str], make: Make) -> None:
    """New keys are wrapped under the new epoch, old ones open still, in every process."""
    old, other = met(keys), make()
    epochs.begin()
    assert states(epochs) == {1: State.DEACTIVATED, 2: State.ACTIVE}
    new = met(other)
    assert make().find([old, new]).keys() == {old, new}
    assert epochs.counts() == {1: 5, 2: 1}
    assert said == ["keys_rotated epoch=2 provider=file"]


def test_suspension_stops_everybody_and_resuming_lets_them_go_on(
    keys: Keys, epochs: Epochs, said: list[str], make: Make
) -> None:
    """In every process at once, for keys that are remembered too."""
    key_id, other = met(keys), make()
    other.one(key_id)
    epochs.suspend(1)
    for each in (keys, other):
        with pytest.raises(Unavailable, match="key_suspended"):
            each.one(key_id)
    keys.provider.enable(epochs.all()[1].handle)  # as if the first run had died before it told the provider
    epochs.suspend(1)
    assert keys.provider.custody(epochs.all()[1].handle) is Custody.DISABLED
    assert epochs.reconcile() == []
    epochs.resume(1)
    assert other.one(key_id)
    assert said == ["keys_suspended epoch=1", "keys_resumed epoch=1"]
    with pytest.raises(NotNow, match="not suspended"):
        epochs.resume(1)


def test_a_deactivated_epoch_is_resumed_to_what_it_was(keys: Keys, epochs: Epochs) -> None:
    """Suspending an old epoch and resuming it does not bring two into force."""
    epochs.begin()
    epochs.suspend(1)
    epochs.resume(1)
    assert states(epochs) == {1: State.DEACTIVATED, 2: State.ACTIVE}


def test_a_compromised_epoch_opens_and_wraps_nothing(keys: Keys, epochs: Epochs) -> None:
    """It can only be marked once there is another."""
    key_id = met(keys)
    with pytest.raises(NotNow, match="rotate first"):
        epochs.compromise(1)
    epochs.begin()
    epochs.compromise(1)
    assert keys.find([key_id])
    with pytest.raises(NotNow, match="cannot become suspended"):
        epochs.suspend(1)
    epochs.begin()
    epochs.suspend(2)
    epochs.compromise(2)
    assert states(epochs) == {1: State.COMPROMISED, 2: State.COMPROMISED, 3: State.ACTIVE}
    assert epochs.reconcile() == []


def test_an_epoch_is_not_destroyed_under_its_keys(keys: Keys, epochs: Epochs) -> None:
    """One that is in force, or that keys are wrapped under, stays, whoever wants it gone."""
    met(keys)
    with pytest.raises(NotNow, match="is active"):
        epochs.ask_for_destruction(1, "ann")
    epochs.begin()
    with pytest.raises(NotNow, match="5 keys are wrapped under epoch 1 still"):
        epochs.ask_for_destruction(1, "ann")
    with pytest.raises(NotNow, match="there is no epoch 7; there are 1, 2"):
        epochs.ask_for_destruction(7, "ann")


@pytest.fixture
def emptied(keys: Keys, epochs: Epochs, said: list[str]) -> Epochs:
    """Give epochs of which the first has nothing under it any more."""
    met(keys)
    epochs.begin()
    list(rewrap(keys, pause=0))
    said.clear()
    return epochs


def test_it_takes_two_people_to_destroy(keys: Keys, emptied: Epochs, said: list[str]) -> None:
    """One person asking twice is one person; with a second it is done, and on record before."""
    assert emptied.ask_for_destruction(1, "ann") == 1
    with pytest.raises(NotNow, match="ann wants epoch 1 destroyed already: it takes somebody else"):
        emptied.ask_for_destruction(1, "ann")
    with pytest.raises(NotNow, match="so far: ann"):
        emptied.destroy(1)
    assert keys.provider.custody(emptied.all()[1].handle) is Custody.USABLE
    assert emptied.ask_for_destruction(1, "ben") == 0
    done = emptied.destroy(1)
    assert (done.state, done.gone_at) == (State.DESTROYED, 1_000.0)
    assert keys.provider.custody(done.handle) is Custody.ABSENT
    assert said[-2:] == ["keys_destroy_begun epoch=1 officers=ann,ben", "keys_destroyed epoch=1"]
    assert emptied.destroy(1) == done
    assert emptied.reconcile() == []


def test_when_every_copy_is_unreadable(keys: Keys, epochs: Epochs) -> None:
    """Only once the key of the epoch in which somebody was shredded, and of every one before, is gone."""
    subject = keys.one(met(keys)).subject
    epochs.begin()
    keys.shred(subject)
    shredded_in = keys.newest_epoch()
    for number in (1, 2):
        assert keys.beyond_recovery(shredded_in) is None
        if number == 2:
            epochs.begin()
        list(rewrap(keys, pause=0))
        for officer in ("ann", "ben"):
            epochs.ask_for_destruction(number, officer)
        epochs.destroy(number)
    assert (shredded_in, keys.beyond_recovery(shredded_in)) == (2, 1_000.0)
    assert keys.beyond_recovery(3) is None


def test_a_word_is_withdrawn_or_grows_old(emptied: Epochs, clock) -> None:
    """A word of last week is not half of a decision of today."""
    emptied.ask_for_destruction(1, "ann")
    assert emptied.withdraw(1, "ann")
    assert not emptied.withdraw(1, "ann")
    assert emptied.ask_for_destruction(1, "ben") == 1
    clock.seconds += ASSENT_SECONDS
    assert emptied.ask_for_destruction(1, "ann") == 1
    with pytest.raises(NotNow, match="so far: ann"):
        emptied.destroy(1)


@pytest.mark.parametrize(
    "meanwhile", [{"ann": "c" * 64, "ben": "b" * 64}, {"ben": "b" * 64}], ids=["another token", "removed"]
)
def test_who_was_removed_and_is_named_again_gives_their_word_anew(
    keys: Keys, emptied: Epochs, said: list[str], clock, meanwhile: dict[str, str]
) -> None:
    """Within the week, with the same token or another one; and so it is for who has another token."""

    def of(officers: dict[str, str]) -> Epochs:
        note = lambda what, detail: said.append(f"{what} {detail}")  # noqa: E731
        return Epochs(keys, note, now=clock, random=os.urandom, officers=officers)

    emptied.ask_for_destruction(1, "ann")
    of(meanwhile).forget_removed()
    assert said[-1] == "keys_destroy_voided epoch=1 officer=ann"
    again = of(OFFICERS)
    assert again.ask_for_destruction(1, "ben") == 1
    with pytest.raises(NotNow, match="so far: ben"):
        again.destroy(1)
    assert again.ask_for_destruction(1, "ann") == 0
    assert again.destroy(1).state is State.DESTROYED


def test_a_word_counts_by_the_token_that_it_was_given_with(keys: Keys, emptied: Epochs, clock) -> None:
    """Nobody has looked between: whoever is named again with a new token has said nothing yet."""
    emptied.ask_for_destruction(1, "ann")
    again = Epochs(keys, lambda *_: None, now=clock, random=os.urandom, officers=OFFICERS | {"ann": "c" * 64})
    assert again.ask_for_destruction(1, "ben") == 1
    with pytest.raises(NotNow, match="so far: ben"):
        again.destroy(1)


def test_a_word_of_the_future_does_not_count(emptied: Epochs, clock) -> None:
    """A clock that was wrong once keeps nobody's word for years."""
    clock.seconds += 1_000_000
    emptied.ask_for_destruction(1, "ann")
    clock.seconds -= 1_000_000
    assert emptied.ask_for_destruction(1, "ben") == 1


class Dies(Exception):
    """The process ends here."""


@pytest.mark.parametrize("at", ["keys_destroy_begun", "provider", "keys_destroyed"])
def test_a_destruction_that_dies_half_way_goes_on(keys: Keys, emptied: Epochs, at: str) -> None:
    """Wherever it dies: no key is lost that was not to be, and the same command ends it."""
    for officer in ("ann", "ben"):
        emptied.ask_for_destruction(1, officer)
    dead = [True]

    def note(what: str, detail: str) -> None:
        if what == at and dead:
            dead.clear()
            raise Dies

    def destroy(handle: str) -> float:
        if at == "provider" and dead:
            dead.clear()
            raise Dies
        return inner(handle)

    inner = keys.provider.destroy
    keys.provider.destroy = destroy  # type: ignore[method-assign]
    emptied._note = note
    with pytest.raises(Dies):
        emptied.destroy(1)
    assert emptied.destroy(1).state is State.DESTROYED


def test_a_provider_that_waits_is_waited_for(keys: Keys, emptied: Epochs, said: list[str], clock) -> None:
    """What was wrapped is gone at once for us; beyond recovery it is when the provider says so."""
    for officer in ("ann", "ben"):
        emptied.ask_for_destruction(1, officer)
    really, keys.provider.destroy = keys.provider.destroy, lambda handle: 604_800.0  # type: ignore[method-assign]
    done = emptied.destroy(1)
    assert (done.state, done.gone_at) == (State.DESTROY_PENDING, 605_800.0)
    assert emptied.destroy(1) == done
    assert [line for line in said if "scheduled" in line] == ["keys_destroy_scheduled epoch=1 seconds=604800"]
    really(done.handle)
    clock.seconds += 604_800  # the officers' words are old by then; it has begun, and is ended
    assert emptied.destroy(1).state is State.DESTROYED


def test_what_the_provider_says_otherwise_is_told(keys: Keys, epochs: Epochs) -> None:
    """Our table counts; a difference is somebody's mistake, or somebody."""
    handle = epochs.all()[1].handle
    keys.provider.disable(handle)
    (drift,) = epochs.reconcile()
    assert str(drift) == "epoch 1 is active here, and its key is disabled with the provider"
    keys.provider.destroy(handle)
    assert [each.theirs for each in epochs.reconcile()] == [Custody.ABSENT]


def test_another_key_under_the_same_name_is_told(keys: Keys, epochs: Epochs) -> None:
    """It is there, and usable; what it is asked to open says that it is not ours."""
    handle = epochs.all()[1].handle
    keys.provider.destroy(handle)
    keys.provider.generate(handle, "wrap")
    (drift,) = epochs.reconcile()
    assert str(drift) == "epoch 1 is active here, and its key is another one with the provider"


def test_nothing_happens_that_is_not_on_record(keys: Keys, epochs: Epochs) -> None:
    """If it cannot be written down, it is not done."""

    def note(what: str, detail: str) -> None:
        raise Unavailable("ledger_closed")

    epochs._note = note
    for act in (epochs.begin, lambda: epochs.suspend(1)):
        with pytest.raises(Unavailable, match="ledger_closed"):
            act()
    assert states(epochs) == {1: State.ACTIVE}


def test_two_who_rotate_at_once_do_not_get_two_keys_in_force(keys: Keys, epochs: Epochs) -> None:
    """The second finds that the epoch has changed."""
    inner = keys.provider.generate

    def generate(label: str, kind: str) -> str:
        keys.provider.generate = inner  # type: ignore[method-assign]
        epochs.begin()
        return inner(label, kind)

    keys.provider.generate = generate  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="key_epoch_changed"):
        epochs.begin()
    assert states(epochs) == {1: State.DEACTIVATED, 2: State.ACTIVE}


def test_the_key_of_another_provider_is_not_asked_for_here(keys: Keys, epochs: Epochs, make: Make) -> None:
    """An installation whose provider was exchanged needs the old one until all is wrapped anew."""
    key_id = met(keys)
    with keys.generation.changing(), keys.store.begin() as connection:
        connection.execute(update(EPOCHS).values(provider="pkcs11"))
    with pytest.raises(Unavailable, match="provider_not_configured"):
        make().one(key_id)
    with pytest.raises(Unavailable, match="provider_not_configured"):
        epochs.reconcile()


def test_nothing_can_be_rotated_before_keys_are_made(make: Make, clock) -> None:
    """The text says what to do first."""
    bare = Epochs(make(), lambda what, detail: None, now=clock, random=os.urandom, officers=("ann", "ben"))
    with pytest.raises(NotNow, match="keys init"):
        bare.begin()


def test_a_suspended_epoch_is_resumed_before_another_begins(epochs: Epochs) -> None:
    """Otherwise resuming would bring two into force."""
    epochs.suspend(1)
    with pytest.raises(NotNow, match="resume it first"):
        epochs.begin()
