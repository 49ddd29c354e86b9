"""Cases in the store: whole, sealed, each in its own place."""

import hashlib
import hmac
from contextlib import closing

import pytest
from sqlalchemy import insert, text, update

from proxy.crypto import Sealer
from proxy.erasure import Assent, Case, Hold, Known, NoSuchCase, Notice, Plan, Spot, State, StoreCases
from proxy.erasure.case import encode
from proxy.erasure.shut import Shut, Taken
from proxy.erasure.tables import CASES, CHAPTER, ERASED, METADATA_2, SHUT, TOMBSTONES
from proxy.erasure.tombstones import Tombstones
from proxy.errors import StoreError
from proxy.store import Chapter, Store
from proxy.store.store import url_of

CASE = Case(
    "0190case", State.VERIFIED, 7, "gdpr", "objection", "operator", values=(Known("email", "a@b.example"),)
)


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    found = Store.open(url_of(tmp_path / "store.db"), (CHAPTER,))
    yield found
    found.close()


@pytest.fixture
def cases(store):
    """An empty table of cases."""
    return StoreCases(store, Sealer(bytes(32)), bytes(32))


def test_what_is_kept_is_found_again(cases) -> None:
    """Every field, and the last state only."""
    cases.keep(CASE)
    cases.keep(CASE.put(state=State.HELD))
    assert cases.get("0190case") == CASE.put(state=State.HELD)
    assert list(cases.ids()) == ["0190case"]
    assert list(cases.ids(frozenset({State.VERIFIED}))) == []


def test_nothing_of_it_can_be_read_by_others(cases, tmp_path) -> None:
    """What lies on the disk is ciphertext."""
    cases.keep(CASE)
    assert not [path for path in tmp_path.iterdir() if b"b.example" in path.read_bytes()]


def test_one_case_cannot_stand_in_anothers_place(cases, store) -> None:
    """The ciphertext is bound to its id, and so is what is cut or changed."""
    cases.keep(CASE)
    with store.begin() as connection:
        connection.execute(update(CASES).values(id="0191case"))
    with pytest.raises(NoSuchCase):
        cases.get("0191case")
    with pytest.raises(NoSuchCase):
        cases.get("0190case")


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a", "x" * 41, "CASE0001"])
def test_a_name_is_no_path(cases, name: str) -> None:
    """Whatever is typed at the command line names a case or nothing."""
    with pytest.raises(NoSuchCase):
        cases.get(name)


HOLD = Hold("hold-1", "litigation", "legal", 7)


def test_a_hold_is_seen_by_every_process(store) -> None:
    """Whoever else has the store open finds it, and finds it gone; what is over keeps it as well."""
    mine, theirs = (StoreCases(store, Sealer(bytes(32)), bytes(32)) for _ in range(2))
    assert theirs.holding() == []
    mine.keep(CASE.put(holds=(HOLD,), state=State.REVOKED))
    assert [case.id for case in theirs.holding()] == ["0190case"]
    theirs.keep(CASE)
    assert mine.holding() == []


def test_an_older_store_finds_its_holds(tmp_path) -> None:
    """The list is made from what is there; a case without a hold is none of them."""
    old = Chapter("erasure", (CASES, SHUT, TOMBSTONES))
    with closing(Store.open(url_of(tmp_path / "old.db"), (old,))) as store, store.begin() as connection:
        for case in (CASE.put(holds=(HOLD,)), CASE.put(id="0191case")):
            sealed = Sealer(bytes(32)).seal(encode(case), f"erasure case\n{case.id}")
            connection.execute(insert(CASES).values(id=case.id, state=case.state.value, sealed=sealed))
    with closing(Store.open(url_of(tmp_path / "old.db"), (CHAPTER,))) as store:
        assert [case.id for case in StoreCases(store, Sealer(bytes(32)), bytes(32)).holding()] == ["0190case"]


class Counted(Sealer):
    """Notes what is opened."""

    def __init__(self) -> None:
        super().__init__(bytes(32))
        self.opened: list[str] = []

    def open(self, text: str, context: str) -> bytes:
        """Return what was sealed."""
        self.opened.append(context.rsplit(maxsplit=1)[-1])
        return super().open(text, context)


def test_who_asks_finds_theirs_and_no_other_is_opened(store, tmp_path) -> None:
    """A page at a time; whose they are is a digest, which another key does not make."""
    seals = Counted()
    cases = StoreCases(store, seals, bytes(32))
    for number in range(6):
        cases.keep(CASE.put(id=f"case000{number}", by=f"requester-{number % 2}"))
    assert cases.of("requester-1") == ["case0001", "case0003", "case0005"]
    assert cases.of("requester-1", after="case0001", limit=1) == ["case0003"]
    assert cases.of("requester-2") == []
    assert StoreCases(store, seals, bytes(31) + b"1").of("requester-1") == []
    assert list(cases.ids(after="case0001", limit=2)) == ["case0002", "case0003"]
    assert seals.opened == []
    assert not [path for path in tmp_path.iterdir() if b"requester-" in path.read_bytes()]


def test_who_is_to_be_told_is_found_longest_due_first(cases) -> None:
    """So many at a time, without those who have enough; nobody of a case that has changed its mind."""
    for number in range(3):
        notices = (Notice("slow", 1, 5, again=10 + number), Notice("quick", 1, 5, again=20 + number))
        cases.keep(
            CASE.put(id=f"case000{number}", plan=Plan("x", "y", (), (), (), (), ()), erased=7, notices=notices)
        )
    assert cases.telling(9, 9) == []
    assert cases.telling(11, 9) == [("case0000", "to slow"), ("case0001", "to slow")]
    assert cases.telling(99, 2, without=["to slow"]) == [("case0000", "to quick"), ("case0001", "to quick")]
    for number in range(3):
        cases.keep(CASE.put(id=f"case000{number}"))
    assert cases.telling(99, 9) == []


def test_a_store_of_version_2_finds_requesters_and_messages(database_url) -> None:
    """Each case is opened once for that; a message of before is somebody's when its case is kept again."""
    old = Chapter("erasure", (CASES, *METADATA_2.tables.values(), SHUT, TOMBSTONES), (lambda connection: None,))
    with closing(Store.open(database_url, (old,))) as store, store.begin() as connection:
        sealed = Sealer(bytes(32)).seal(encode(CASE.put(by="requester-1")), f"erasure case\n{CASE.id}")
        for name in (CASE.id, "0191case"):  # the second cannot be read under its name
            connection.execute(insert(CASES).values(id=name, state=CASE.state.value, sealed=sealed))
        connection.execute(text(f"INSERT INTO erasure_telling VALUES ('{CASE.id}', 7)"))
    with closing(Store.open(database_url, (CHAPTER,))) as store:
        seals = Counted()
        cases = StoreCases(store, seals, bytes(32))
        assert [cases.of("requester-1") for _ in range(2)] == [[CASE.id]] * 2
        assert seals.opened.count(CASE.id) == 1
        assert cases.telling(7, 9) == [(CASE.id, "")]
        cases.keep(cases.get(CASE.id))
        assert cases.telling(7, 9) == []


def test_when_somebody_was_last_erased_is_known_of_a_lane(tmp_path) -> None:
    """A store of before says it of all lanes, by the newest that it remembers; nobody erased is no time."""
    five = Chapter(
        "erasure", (*(each for each in CHAPTER.tables if each is not ERASED),), (lambda connection: None,) * 4
    )
    for name, since in (("new.db", None), ("old.db", 7)):
        with closing(Store.open(url_of(tmp_path / name), (five,))) as store, store.begin() as connection:
            row = {"digest": b"x" * 32, "case": "case0001", "kind": "email", "since": since, "basis": ""}
            if since is not None:
                connection.execute(insert(TOMBSTONES).values(row))
        with closing(Store.open(url_of(tmp_path / name), (CHAPTER,))) as store:
            stones = Tombstones(store, bytes(32))
            assert [stones.last(lane) for lane in ("crm", "other")] == [since or 0] * 2
            stones.note(["crm"], 9)
            stones.note(["crm"], 11)
            assert [stones.last(lane) for lane in ("crm", "other")] == [11, since or 0]


def test_a_record_is_shut_for_one_case_at_a_time(store) -> None:
    """Two erasures of one person would each void what the other was told."""
    shut = Shut(store)
    shut.put("case0001", ["a 1", "a 2"])
    with pytest.raises(Taken):
        shut.put("case0002", ["a 2", "a 3"])
    assert shut.items() == ["a 1", "a 2"]
    shut.put("case0001", [])
    shut.put("case0002", ["a 2", "a 3"])
    assert shut.items() == ["a 2", "a 3"]


MARA = Known("email", "mara.q@müller.example")
ALIKE = [
    "MARA.Q@XN--MLLER-KVA.EXAMPLE", "mara.q+shop@müller.example", "Mara Quinn <mara.q@müller.example>",
    "mailto:mara.q%40m%C3%BCller.example?subject=x", "mara.q@müller.example.", "ma\u200bra.q@müller.example",
    "ｍａｒａ．ｑ＠müller.example", "mara.q+a@xn--mller-kva.example",
]  # fmt: skip
OTHERS = ["maraq@müller.example", "mara.q@muller.example", "x+mara.q@müller.example", "mara.q@example"]


@pytest.mark.parametrize("written", ALIKE)
def test_a_mailbox_is_met_in_any_spelling(store, written: str) -> None:
    """Either way round: however it was known, and however it comes back; strangers are let in."""
    stones = Tombstones(store, bytes(32))
    stones.put("case0001", [MARA], 7)
    assert stones.met([("email", written)]) == "case0001"
    assert stones.met([("email", other) for other in OTHERS]) is None
    stones.put("case0002", [Known("email", written)], 7)
    assert stones.met([("email", MARA.value)]) == "case0002"
    assert stones.met([("email", other) for other in OTHERS]) is None


@pytest.mark.parametrize(
    "written",
    [
        "mara@b.example; other@b.example",
        "other@b.example, Mara <mara@b.example>",
        "mara@b.example (Mara)",
        "'mara@b.example'",
        "smtp:mara@b.example",
        "mara%40b.example",
        "mara@b.example\u3002",
        "mara\ufe0f@b.example",
    ],
)
def test_an_address_is_met_among_others_in_one_field(store, written: str) -> None:
    """Odoo and Tryton take whatever somebody writes there."""
    stones = Tombstones(store, bytes(32))
    stones.put("case0001", [Known("email", "mara@b.example")], 7)
    assert stones.met([("email", written)]) == "case0001"


@pytest.mark.parametrize(
    ("kind", "field"),
    [("email", "mara@b.example; bo@b.example"), ("phone", "+353 1 555 0101 / +353 1 555 0102")],
)
def test_whoever_shares_a_field_with_somebody_is_not_kept_away(store, kind: str, field: str) -> None:
    """What stands beside the person's own value may be another's; the field as it was is met."""
    stones = Tombstones(store, bytes(32))
    stones.put("case0001", [Known(kind, field)], 7)
    assert stones.met([(kind, field)]) == "case0001"
    assert stones.met([(kind, field.replace(" / ", "; ").split("; ")[1])]) is None


def test_a_number_is_met_among_others_in_one_field(store) -> None:
    """With whatever stands between; the parts of one number are no numbers."""
    stones = Tombstones(store, bytes(32))
    stones.put("case0001", [Known("phone", "+353 86 123 4567"), Known("phone", "1234567")], 7)
    assert stones.met([("phone", "+353 86 123 4568 / +353 86 123 4567")]) == "case0001"
    assert stones.met([("phone", "0171/1234567")]) is None


def test_dots_say_nothing_at_one_host_alone(store) -> None:
    """And its two names are one."""
    stones = Tombstones(store, bytes(32))
    stones.put("case0001", [Known("email", "mara.quinn@gmail.com"), Known("email", "mara.q@b.example")], 7)
    assert stones.met([("email", "M.araQuinn+x@googlemail.com")]) == "case0001"
    assert stones.met([("email", "maraq@b.example"), ("email", "m.quinn@gmail.com")]) is None


@pytest.mark.parametrize(
    "written", ["tel:+353-86-123-4567", "\u202d+353 86 123 4567\u202c", "＋３５３８６１２３４５６７"]
)
def test_a_number_is_met_with_what_stands_around_it(store, written: str) -> None:
    """A link, signs that nobody sees, full width."""
    stones = Tombstones(store, bytes(32))
    stones.put("case0001", [Known("phone", "+353 86 123 4567")], 7)
    assert stones.met([("phone", written)]) == "case0001"
    assert stones.met([("phone", "+353 86 123 4568")]) is None


@pytest.mark.parametrize(("known", "written"), [
    ("mara.q@xn--mller-kva.example", "mara.q+x@müller.example"),
    ("MARA.Q@müller.example", "mara.q@müller.example."),
    ("mara.q@b.example", "Mara <mara.q+new@B.example>"), ("mara+x@b.example", "mailto:MARA+X@b.example"),
    ("maraquinn@gmail.com", "mara.quinn@googlemail.com"),
])  # fmt: skip
def test_rows_of_an_earlier_version_are_met_by_new_spellings(store, known: str, written: str) -> None:
    """It remembered an address by one digest, of its small letters; nobody can make that anew."""
    form = " ".join(known.casefold().split())
    digest = hmac.digest(bytes(32), f"email\0{form}".encode(), hashlib.sha256)
    row = {"digest": digest, "case": "case0001", "kind": "email", "since": 7, "basis": ""}
    with store.begin() as connection:
        connection.execute(insert(TOMBSTONES), row)
    stones = Tombstones(store, bytes(32))
    assert stones.met([("email", written)]) == "case0001"
    assert stones.met([("email", known)]) == "case0001"
    assert stones.met([("email", "other@b.example")]) is None
    assert stones.allow("case0001", "new contract of 2026-05-01") == 1
    assert stones.met([("email", written)]) is None


def test_what_a_case_goes_on_with_stays_shut_for_both(store) -> None:
    """The case before keeps what is its own; anybody else's is refused still."""
    shut = Shut(store)
    shut.put("case0001", ["a 1", "a 2"])
    shut.put("case0002", ["a 2", "a 3"], beside={"case0001"})
    assert shut.items() == ["a 1", "a 2", "a 3"]
    shut.put("case0002", [])
    assert shut.items() == ["a 1", "a 2"]
    with pytest.raises(Taken):
        shut.put("case0003", ["a 2"], beside={"case0002"})


def test_who_was_erased_is_met_again_in_any_form(store) -> None:
    """By address, number or identifier, however it is written; not by name, which others bear too."""
    stones = Tombstones(store, bytes(32))
    known = [Known("email", "A@b.example"), Known("phone", "+353 86 123 4567"), Known("name", "Mara Quinn")]
    assert stones.put("case0001", known, 7) == 2
    assert stones.put("case0001", known, 8) == 0
    for kind, value in (("email", "a@B.example"), ("phone", "00353861234567")):
        assert stones.met([("text", "x"), (kind, value)]) == "case0001"
    assert stones.met([("name", "Mara Quinn"), ("email", "other@b.example"), ("email", "")]) is None


def test_a_new_basis_lets_them_in_again(store) -> None:
    """And it is kept."""
    stones = Tombstones(store, bytes(32))
    stones.put("case0001", [Known("email", "a@b.example")], 7)
    assert stones.allow("case0001", "new contract of 2026-05-01") == 1
    assert stones.met([("email", "a@b.example")]) is None


def test_who_is_restricted_is_met_until_it_is_given_up(store) -> None:
    """Two cases may know one number; what is given up of one is not of the other, nor of one that is over."""
    stones = Tombstones(store, bytes(32))
    number, address = Known("phone", "+353 86 123 4567"), Known("email", "a@b.example")
    for _ in range(2):  # killed on the way, it is done again
        stones.leave("case0001", [number, address])
    stones.leave("case0002", [number])
    stones.leave("case0001", [number])  # its plan has changed
    assert stones.any
    assert stones.met([("email", "a@b.example")]) is None
    assert stones.met([("phone", number.value)]) in {"case0001", "case0002"}
    assert stones.met([("phone", number.value)], leaving=False) is None
    stones.stay("case0001")
    assert stones.met([("phone", number.value)]) == "case0002"
    stones.put("case0002", [number], 7)
    stones.stay("case0002")
    assert stones.met([("phone", number.value)], leaving=False) == "case0002"
    stones.allow("case0002", "new contract of 2026-05-01")
    assert not stones.any


def test_another_key_is_told_while_somebody_is_restricted(store) -> None:
    """They would not be known again."""
    first, other = Tombstones(store, bytes(32)), Tombstones(store, bytes(31) + b"1")
    first.vouch()
    first.leave("case0001", [Known("email", "a@b.example")])
    with pytest.raises(StoreError, match="under another key"):
        other.vouch()


def test_the_table_tells_nothing_without_the_key(store, tmp_path) -> None:
    """Under another key nobody is met, and no value lies on the disk."""
    Tombstones(store, bytes(32)).put("case0001", [Known("email", "a@b.example")], 7)
    assert Tombstones(store, bytes(31) + b"1").met([("email", "a@b.example")]) is None
    assert not [path for path in tmp_path.iterdir() if b"b.example" in path.read_bytes()]


def test_another_key_is_told_before_anybody_is_let_in(store) -> None:
    """As long as nobody is remembered any key will do; the note of it is nobody itself."""
    first, other = Tombstones(store, bytes(32)), Tombstones(store, bytes(31) + b"1")
    other.vouch()  # nobody is remembered yet
    first.vouch()
    first.put("case0001", [Known("email", "a@b.example")], 7)
    first.vouch()
    with pytest.raises(StoreError, match="under another key"):
        other.vouch()
    assert first.met([("email", "a@b.example")]) == "case0001"
    assert first.allow("case0001", "new contract of 2026-05-01") == 1
    assert not first.any


def test_who_is_erased_again_does_not_come_back_on_the_old_basis(store) -> None:
    """The second erasure takes the basis away; a repeated step of the first does not."""
    stones = Tombstones(store, bytes(32))
    known = [Known("email", "a@b.example")]
    stones.put("case0001", known, 7)
    stones.allow("case0001", "new contract of 2026-05-01")
    assert stones.put("case0001", known, 8) == 0
    assert stones.met([("email", "a@b.example")]) is None
    stones.put("case0002", known, 9)
    assert stones.met([("email", "a@b.example")]) == "case0002"


def test_who_came_back_and_was_erased_again_is_let_in_by_the_newer_case(store) -> None:
    """It is the one that is shown; the older one has nothing to let in any more."""
    stones = Tombstones(store, bytes(32))
    known = [Known("email", "a@b.example")]
    stones.put("case0001", known, 7)
    stones.put("case0002", known, 9)
    assert stones.met([("email", "a@b.example")]) == "case0002"
    assert stones.allow("case0001", "new contract of 2026-05-01") == 0
    assert stones.allow("case0002", "new contract of 2026-05-01") == 1
    assert stones.met([("email", "a@b.example")]) is None


@pytest.mark.parametrize(
    ("said", "value"),
    [("contact", "A@B.example"), ("emails", "x@y.example; a@b.example"), ("contact", "00353 86 123 4567")],
)
def test_who_was_erased_is_met_in_fields_of_several_kinds(store, said: str, value: str) -> None:
    """A contact mechanism's value, and a list of further addresses, name people as a field of their own does."""
    stones = Tombstones(store, bytes(32))
    stones.put("case0001", [Known("email", "a@b.example"), Known("phone", "+353861234567")], 7)
    assert stones.met([(said, value)]) == "case0001"


def test_a_question_about_very_many_values_is_answered(store) -> None:
    """A piece of an import may have tens of thousands; a database takes so many arguments and no more."""
    stones = Tombstones(store, bytes(32))
    stones.put("case0001", [Known("email", f"p{n}@b.example") for n in range(40_000)], 7)
    many = [("email", f"q{n}@b.example") for n in range(40_000)]
    assert stones.met(many) is None
    assert stones.met([*many, ("email", "p39999@b.example")]) == "case0001"


@pytest.mark.parametrize(
    ("kept", "written"), [("+353 86 555 0101", "086 555 0101"), ("086 555 0101", "+353865550101")]
)
def test_national_and_international_numbers_meet(store, kept: str, written: str) -> None:
    """Where somebody has said which country's numbers are written without it; a stranger's number does not."""
    stones = Tombstones(store, bytes(32))
    stones.put("case0001", [Known("phone", kept)], 7, regions=("", "IE"))
    assert stones.met([("phone", written)], region="IE") == "case0001"
    assert stones.met([("phone", kept)]) == "case0001"
    assert stones.met([("phone", "086 555 0101")], region="GB") in {None, "case0001" if kept[0] == "0" else None}
    assert stones.met([("phone", "+44 86 555 0101")], region="IE") is None


def test_a_case_is_found_by_its_people_batch_and_agreements_without_being_opened(store, tmp_path) -> None:
    """However an id is written; as they are now, and not as they were; what it is found by is a digest."""
    seals = Counted()
    cases = StoreCases(store, seals, bytes(32))
    spot, other = Spot("dynamics", "contact", "7"), Spot("salesforce", "Contact", "003000000000001AAA")
    agreed = CASE.put(
        people=(spot,), batch="batch-1", state=State.READY, assents=(Assent("somebody", "jwt", 1, ""),)
    )
    cases.keep(agreed)
    cases.keep(CASE.put(id="0191case", people=(other,)))
    everywhere = frozenset(State)
    assert cases.about(spot, everywhere) == cases.of_batch("batch-1") == cases.agreed_by("somebody") == [CASE.id]
    assert cases.about(Spot("salesforce", "Contact", "003000000000001"), everywhere) == ["0191case"]
    assert cases.about(Spot("salesforce", "contact", "7"), everywhere) == []
    assert cases.about(spot, everywhere - {State.READY}) == []
    cases.keep(agreed.put(state=State.RESTRICTED, people=(other,)))
    assert (cases.about(spot, everywhere), cases.agreed_by("somebody")) == ([], [])
    assert cases.about(other, everywhere) == [CASE.id, "0191case"]
    assert seals.opened == []
    assert not [path for path in tmp_path.iterdir() if b"batch-1" in path.read_bytes()]


def test_a_store_of_version_3_finds_its_cases(tmp_path) -> None:
    """Each is opened once for that; one that cannot be read is not found, and keeps nobody from the others."""
    spot = Spot("salesforce", "Contact", "003000000000001AAA")
    old = Chapter("erasure", (CASES, SHUT, TOMBSTONES), tuple([lambda connection: None] * 2))
    sealed = Sealer(bytes(32)).seal(encode(CASE.put(people=(spot,))), f"erasure case\n{CASE.id}")
    with closing(Store.open(url_of(tmp_path / "old.db"), (old,))) as store, store.begin() as connection:
        for name in (CASE.id, "0191case"):
            connection.execute(insert(CASES).values(id=name, state=CASE.state.value, sealed=sealed))
    with closing(Store.open(url_of(tmp_path / "old.db"), (CHAPTER,))) as store:
        seals = Counted()
        cases = StoreCases(store, seals, bytes(32))
        assert [cases.about(spot, frozenset(State)) for _ in range(2)] == [[CASE.id]] * 2
        assert seals.opened.count(CASE.id) == 1
