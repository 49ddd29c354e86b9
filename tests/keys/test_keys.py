"""Making, finding, giving and destroying keys."""

import contextlib
import hmac
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text, update

from proxy.crypto.providers import KeyringFile
from proxy.errors import KeyGone, Unavailable
from proxy.keys import Keys, State, SubjectKey, generation, lease, rows
from proxy.keys.tables import EPOCHS, INSTALLATION_KEYS, SUBJECT_KEYS

Make = Callable[..., Keys]


class Counting:
    """A provider that counts what it is asked, and fails on demand."""

    def __init__(self, inner: KeyringFile) -> None:
        self._inner = inner
        self.unwrapped = 0
        self.fails: Exception | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def unwrap(self, handle: str, wrapped: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        if self.fails is not None:
            raise self.fails
        self.unwrapped += len(wrapped)
        return self._inner.unwrap(handle, wrapped)


@pytest.fixture
def counting(tmp_path: Path) -> Counting:
    """Give a provider that counts."""
    return Counting(KeyringFile(tmp_path / "keyring.json", key=bytes(32)))


class Dies(BaseException):
    """The process ends here."""


def dies(*_: object) -> None:
    """Do nothing more."""
    raise Dies


def wait_for(happens: Callable[[], object]) -> None:
    """Return when it has happened."""
    deadline = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def met(keys: Keys) -> bytes:
    """Return the id of the key of somebody new."""
    with keys.store.begin() as connection:
        return keys.new_subject(connection).id


def set_state(keys: Keys, state: State) -> None:
    """Have the one epoch stand so."""
    with keys.generation.changing(), keys.store.begin() as connection:
        connection.execute(update(EPOCHS).values(state=state.value))


def test_a_new_key_is_found_again(keys: Keys, make: Make) -> None:
    """A new key is found again by another process."""
    with keys.store.begin() as connection:
        key = keys.new_subject(connection)
    found = make().one(key.id)
    assert (found.id, found.subject, found.enc) == (key.id, key.subject, key.enc)
    assert len(key.id) == 16 == len(key.subject or b"")


def test_uses_and_subjects_have_unrelated_keys(keys: Keys) -> None:
    """Uses and subjects have unrelated keys."""
    one, two = keys.one(met(keys)), keys.one(met(keys))
    made = [key.use(use) for key in (one, two) for use in ("enc", "token", "pseudonym")]
    assert len(set(made)) == 6
    assert {len(each) for each in made} == {32}
    assert one.enc == one.use("enc")
    assert one.enc.hex() not in repr(one)


def test_a_key_of_a_block(keys: Keys) -> None:
    """A key of a block that raises is not kept."""
    with contextlib.suppress(ZeroDivisionError), keys.store.begin() as connection:
        key = keys.new_subject(connection)
        raise ZeroDivisionError
    assert keys.find([key.id]) == {}


def test_what_is_not_there_is_missing(keys: Keys) -> None:
    """What is not there is missing and the rest is found."""
    ids = [met(keys) for _ in range(3)]
    assert keys.find([*ids, bytes(16)]).keys() == set(ids)
    with pytest.raises(KeyGone):
        keys.one(bytes(16))


def test_more_ids_than_one_statement_takes(keys: Keys) -> None:
    """More ids than one statement takes are found."""
    with keys.store.begin() as connection:
        ids = {keys.new_subject(connection).id for _ in range(1_100)}
    assert keys.find(ids).keys() == ids


def test_a_key_is_remembered_for_a_minute(keys: Keys, make: Make, counting: Counting, clock) -> None:
    """A key is remembered for a minute."""
    key_id, other = met(keys), make(counting)
    for _ in range(3):
        other.one(key_id)
    assert counting.unwrapped == 1
    clock.seconds += 60
    other.one(key_id)
    assert counting.unwrapped == 2


def test_the_least_recently_used_key_goes_first(keys: Keys, make: Make, counting: Counting) -> None:
    """The least recently used key goes first."""
    first, second, third = (met(keys) for _ in range(3))
    other = make(counting, most=2)
    for key_id in (first, second, first, third, first):
        other.one(key_id)
    assert counting.unwrapped == 3
    other.one(second)
    assert counting.unwrapped == 4


def test_a_shredded_key_is_dead(keys: Keys, make: Make) -> None:
    """A shredded key is dead in every process at once."""
    key_id, bystander = met(keys), met(keys)
    others = [make() for _ in range(3)]
    subject = others[0].one(key_id).subject
    assert all(other.find([key_id, bystander]).keys() == {key_id, bystander} for other in others)
    assert keys.shred(subject) == 1
    for other in (keys, *others):
        assert other.find([key_id, bystander]).keys() == {bystander}
        assert other.sealing([subject]) == {}
        with pytest.raises(KeyGone):
            other.one(key_id)


def test_a_key_that_is_held_is_shredded_after_the_block(keys: Keys, make: Make) -> None:
    """So that nobody keeps something under a key which is gone when it is there."""
    key_id, other = met(keys), make()
    subject, said = keys.one(key_id).subject, list[str]()

    def shred() -> None:
        other.shred(subject)
        said.append("shredded")

    with keys.store.begin() as connection:
        keys.hold(connection, [key_id])
        shredding = threading.Thread(target=shred)
        shredding.start()
        shredding.join(0.2)
        said.append("kept")
    shredding.join()
    assert said == ["kept", "shredded"]
    with pytest.raises(KeyGone), keys.store.begin() as connection:
        keys.hold(connection, [key_id])


def test_shredding_again_is_no_error(keys: Keys) -> None:
    """Shredding again is no error."""
    subject = keys.one(met(keys)).subject
    assert [keys.shred(subject), keys.shred(subject)] == [1, 0]


def test_a_process_that_dies_while_it_shreds_leaves_nothing_remembered(
    keys: Keys, make: Make, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until somebody shreds again, everybody asks the database at each use."""
    key_id, other = met(keys), make(counting)
    with monkeypatch.context() as dead, contextlib.suppress(Dies), keys.generation.changing():
        for module in (generation, lease):
            dead.setattr(module, "change", dies)  # it never writes the even number
        raise Dies
    wait_for(lambda: other.generation.now() % 2)
    for _ in range(2):
        other.one(key_id)
    assert counting.unwrapped == 2
    third = make()
    third.shred(third.one(key_id).subject)
    assert other.find([key_id]) == {}
    wait_for(lambda: other.generation.now() % 2 == 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_bytes_of_a_shredded_key(keys: Keys, tmp_path: Path) -> None:
    """The bytes of a shredded key are not in the files."""
    key_id = met(keys)
    with keys.store.read() as connection:
        wrapped = connection.execute(text("SELECT wrapped FROM subject_keys")).scalar()

    def traces() -> int:
        files = [path for path in tmp_path.iterdir() if path.name.startswith("s.db")]
        return sum(path.read_bytes().count(each) for path in files for each in (wrapped, key_id))

    assert traces()
    keys.shred(keys.one(key_id).subject)
    assert traces() == 0


def test_a_renewed_subject_seals(keys: Keys, make: Make) -> None:
    """A renewed subject seals with the new key and opens with both."""
    old = keys.one(met(keys))
    with keys.store.begin() as connection:
        new = keys.renew(connection, old.subject)
    other = make()
    assert other.sealing([old.subject])[old.subject].id == new.id
    assert other.find([old.id, new.id]).keys() == {old.id, new.id}
    assert keys.shred(old.subject) == 2
    with pytest.raises(KeyGone), keys.store.begin() as connection:
        keys.renew(connection, old.subject)


def test_a_record_gets_its_owner_later(keys: Keys, make: Make) -> None:
    """A record gets its owner later and dies with them."""
    with keys.store.begin() as connection:
        record = keys.new_record(connection)
        person = keys.new_subject(connection)
    other = make()
    assert other.one(record.id).subject is None
    with keys.store.begin() as connection:
        adopted = keys.adopt(connection, record.id, person.subject)
        keys.adopt(connection, record.id, person.subject)
    assert adopted.enc == record.enc == make().one(record.id).enc
    assert other.sealing([person.subject])[person.subject].id == person.id
    with pytest.raises(KeyGone), keys.store.begin() as connection:
        keys.adopt(connection, record.id, bytes(16))
    keys.shred(person.subject)
    assert other.find([record.id, person.id]) == {}


def test_the_key_of_a_record(keys: Keys) -> None:
    """The key of a record can be destroyed alone."""
    with keys.store.begin() as connection:
        record = keys.new_record(connection)
    assert keys.shred_key(record.id) == 1
    assert keys.find([record.id]) == {}


def test_a_draft_is_wrapped_before(keys: Keys, make: Make) -> None:
    """A draft is wrapped before the block and kept inside."""
    draft = keys.draft_subject()
    assert keys.find([draft.key.id]) == {}
    with keys.store.begin() as connection:
        keys.keep(connection, draft)
    assert make().one(draft.key.id).enc == draft.key.enc


def test_keys_are_derived_by_hkdf_with_labels(keys: Keys) -> None:
    """RFC 5869 by hand, from `hmac` alone: the labels are part of the format."""
    secret = bytes(range(32))
    key = SubjectKey(bytes(16), None, secret)
    for use in ("enc", "token", "pseudonym"):
        extracted = hmac.digest(bytes(32), secret, "sha256")
        expanded = hmac.digest(extracted, f"lychgate.dev/v1/subject/{use}".encode() + b"\x01", "sha256")
        assert key.use(use) == expanded
    assert key.enc.hex() == "d856722a971632246a671ed4e98ed4744b40857e7ee6f0d554e72baad810d7ed"
    extracted = hmac.digest(bytes(32), keys.own("index"), "sha256")
    label = b"lychgate.dev/v1/index/user.contact.email/1"
    assert keys.index_key("user.contact.email/1") == hmac.digest(extracted, label + b"\x01", "sha256")


def test_shredding_while_others_read(keys: Keys, make: Make) -> None:
    """Readers neither keep the log from being cut nor are refused."""
    ids = [met(keys) for _ in range(6)]
    subjects = [keys.one(key_id).subject for key_id in ids]
    stays, ends, failed = met(keys), threading.Event(), []

    def read() -> None:
        mine = make(seconds=0)
        try:
            while not ends.is_set():
                assert mine.find([*ids, stays])[stays]
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    shredded = [keys.shred(subject) for subject in subjects]
    ends.set()
    for thread in threads:
        thread.join()
    assert (shredded, failed) == ([1] * 6, [])
    assert keys.find(ids) == {}


def test_many_drafts_at_once(keys: Keys, make: Make) -> None:
    """As one by one: each opens, none is somebody else's."""
    drafts = keys.draft_subjects(5)
    with keys.store.begin() as connection:
        for draft in drafts:
            keys.keep(connection, draft)
    found = make().find(draft.key.id for draft in drafts)
    assert {key_id: key.enc for key_id, key in found.items()} == {each.key.id: each.key.enc for each in drafts}
    assert len({each.key.subject for each in drafts}) == 5
    assert keys.draft_subjects(0) == []


def test_a_row_that_is_given(keys: Keys, make: Make) -> None:
    """A row that is given to somebody else does not open."""
    key_id = met(keys)
    with keys.store.begin() as connection:
        connection.execute(update(SUBJECT_KEYS).values(subject=bytes(16)))
    with pytest.raises(Unavailable, match="key_not_authentic"):
        make().one(key_id)


@pytest.mark.parametrize("state", [State.SUSPENDED, State.PRE_ACTIVE])
def test_a_suspended_epoch_is_refused(keys: Keys, state: State) -> None:
    """A suspended epoch is refused and opens again."""
    key_id = met(keys)
    set_state(keys, state)
    with pytest.raises(Unavailable, match="key_suspended"):
        keys.one(key_id)
    with pytest.raises(Unavailable, match="key_suspended"):
        met(keys)
    with pytest.raises(Unavailable, match="key_suspended"):
        keys.own("index")
    set_state(keys, State.ACTIVE)
    keys.one(key_id)


@pytest.mark.parametrize("state", [State.DESTROY_PENDING, State.DESTROYED])
def test_what_was_wrapped_under_an_ended(keys: Keys, state: State) -> None:
    """What was wrapped under an ended epoch is gone."""
    key_id = met(keys)
    set_state(keys, state)
    assert keys.find([key_id]) == {}
    with pytest.raises(Unavailable, match="key_epoch_ended"):
        keys.own("index")


def test_a_draft_of_an_epoch(keys: Keys) -> None:
    """A draft of an epoch that has ended is not kept."""
    draft = keys.draft_subject()
    set_state(keys, State.DEACTIVATED)
    with pytest.raises(Unavailable), keys.store.begin() as connection:
        keys.keep(connection, draft)
    assert keys.find([draft.key.id]) == {}


def test_a_provider_that_is_down(keys: Keys, make: Make, counting: Counting) -> None:
    """A provider that is down is unavailable and what is remembered goes on."""
    known, unknown = met(keys), met(keys)
    other = make(counting)
    other.one(known)
    counting.fails = Unavailable("provider_unreachable")
    other.one(known)
    with pytest.raises(Unavailable, match="provider_unreachable"):
        other.find([known, unknown])


@pytest.mark.parametrize(
    "need",
    [
        lambda keys, known: keys.draft_subject(),
        lambda keys, known: keys.draft_subjects(2),
        lambda keys, known: keys.wrap_own(7, epoch_of(keys)),
        lambda keys, known: keys.find([known]),
        lambda keys, known: keys.own("audit"),
    ],
)
def test_nothing_is_kept_under_a_key_that_stands_in_the_place_of_ours(keys: Keys, need: Callable) -> None:
    """A token that somebody set up anew takes what it is given: it would be lost when the right one is back."""
    known, handle = met(keys), epoch_of(keys).handle
    keys.provider.destroy(handle)
    keys.provider.generate(handle, "wrap")
    keys.forget()
    with pytest.raises(Unavailable, match=r"provider_key_changed \(epoch 1\)"):
        need(keys, known)


def test_one_damaged_row_of_ours_is_no_other_key(keys: Keys) -> None:
    """The rest opens, so it is the row."""
    with keys.store.begin() as connection:
        connection.execute(
            update(INSTALLATION_KEYS).where(INSTALLATION_KEYS.c.name == "audit").values(wrapped=bytes(60))
        )
    keys.draft_subject()
    with pytest.raises(Unavailable, match="key_not_authentic"):
        keys.own("audit")


def epoch_of(keys: Keys) -> rows.Epoch:
    """Return the first epoch."""
    with keys.store.read() as connection:
        return rows.epochs(connection)[1]


async def test_keys_are_fetched_beside_the_event_loop(keys: Keys, make: Make, counting: Counting) -> None:
    """Keys are fetched beside the event loop."""
    ids = [met(keys) for _ in range(3)]
    other = make(counting)
    assert (await other.fetch([*ids, bytes(16)])).keys() == set(ids)
    assert (await other.fetch(ids)).keys() == set(ids)
    assert counting.unwrapped == 3


async def test_a_slow_provider_is_not_waited(keys: Keys, make: Make, counting: Counting) -> None:
    """A slow provider is not waited for."""
    key_id, ends = met(keys), threading.Event()
    other = make(counting)
    inner = counting.unwrap
    counting.unwrap = lambda handle, wrapped: ends.wait(10) and inner(handle, wrapped)  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="keys_slow"):
        await other.fetch([key_id], wait=0.01)
    ends.set()


def test_installation_keys_outlive_everybody_and_differ(keys: Keys, make: Make) -> None:
    """Installation keys outlive everybody and differ by use."""
    subject = keys.one(met(keys)).subject
    index = keys.index_key("user.contact.email/1")
    keys.shred(subject)
    other = make()
    assert other.index_key("user.contact.email/1") == index != other.index_key("user.contact.email/2")
    assert len({other.own(name) for name in ("index", "audit", "tombstone", "signing")}) == 4


def test_nothing_works_before_keys_are_made(make: Make) -> None:
    """Nothing works before keys are made."""
    keys = make()
    for call in (lambda: keys.own("index"), keys.tenant, lambda: met(keys), keys.draft_subject):
        with pytest.raises(Unavailable, match="keys_not_initialised"):
            call()
    assert keys.find([bytes(16)]) == {}


def test_many_processes_make_keys_at_once(make: Make) -> None:
    """One of them does, the others find them, and nobody is refused."""
    views, made = [make() for _ in range(4)], []
    threads = [threading.Thread(target=lambda keys=keys: made.append(keys.initialise())) for keys in views]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, False, False, True]
    assert len({keys.own("index") for keys in views}) == 1


def test_keys_are_made(make: Make) -> None:
    """Keys are made once."""
    keys = make()
    assert [keys.initialise(), keys.initialise(), make().initialise()] == [True, False, False]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_opens_nothing(keys: Keys, make: Make, tmp_path: Path) -> None:
    """A backup opens nothing once the epochs key is destroyed."""
    key_id = met(keys)
    keys.store.forget()
    shutil.copy(tmp_path / "s.db", tmp_path / "backup.db")
    keys.shred(keys.one(key_id).subject)
    keys.store.close()
    shutil.copy(tmp_path / "backup.db", tmp_path / "s.db")
    assert make().one(key_id)  # the key table alone is not what makes it gone ...
    make().provider.destroy(epoch_handle(make()))
    with pytest.raises(Unavailable, match="provider_key_absent"):
        make().one(key_id)  # ... the key above it is


def epoch_handle(keys: Keys) -> str:
    """Return the provider's name for the one epoch's key."""
    with keys.store.read() as connection:
        return str(connection.execute(text("SELECT handle FROM key_epochs")).scalar())
