"""What goes into the vault comes out of it in its own place alone, until its key is gone."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from proxy.errors import Refused
from proxy.keys import SubjectKey
from proxy.model import Protection
from proxy.vault import Opened, Opening, Placed, Put, Seek, Sending, Shown, Vault, rows
from proxy.vault.rows import Place
from proxy.vault.tables import VALUES as TABLE
from proxy.vault.vault import MOST_FOUND
from tests.vault.conftest import FIRST, LAST, MAIL, NAME, NOTES, NUMBER, PHONE, TAX, Clock

VALUES = {
    MAIL: "Mara.Quinn@Example.org",
    PHONE: "+353 86 123 4567",
    FIRST: "Mara",
    NOTES: "Calls after 3 p.m.",
    TAX: "IE1234567T",
}
FORMS = sorted(VALUES, key=lambda each: each.field)


def put(vault: Vault, protection: Protection, text: str, record: str | None = "r1", group: int = 0) -> Placed:
    """Write one value."""
    (placed,) = vault.settle(Sending(puts=(Put(protection, text, record, group),))).placed
    return placed


def show(vault: Vault, protection: Protection, text: str, record: str | None = "r1") -> Opened:
    """Show one value."""
    (opened,) = vault.settle(Opening((Shown(protection, text, record),))).values
    return opened


def find(vault: Vault, protection: Protection, text: str) -> tuple[str, ...]:
    """Return what stands for a value."""
    (found,) = vault.settle(Sending(seeks=(Seek(protection, text),))).found
    return found


@pytest.mark.parametrize("protection", FORMS, ids=lambda each: each.kind + each.form)
def test_a_value_comes_back_in_its_own_place(vault: Vault, protection: Protection) -> None:
    """What the CRM holds says nothing, and is the value again where it belongs."""
    clear = VALUES[protection]
    placed = put(vault, protection, clear)
    assert clear.lower() not in placed.text.lower()
    assert placed.trouble is None
    assert show(vault, protection, placed.text) == Opened("opened", clear)


@pytest.mark.parametrize("protection", [each for each in FORMS if each is not TAX], ids=lambda each: each.field)
def test_a_value_in_another_record_or_field_is_moved(vault: Vault, protection: Protection) -> None:
    """WP-05: a swap is told, whichever form it has; nothing of the value is."""
    text = put(vault, protection, VALUES[protection]).text
    elsewhere = [
        Shown(protection, text, "r2"),
        Shown(replace(protection, field="Other"), text, "r1"),
        Shown(replace(protection, object="Lead"), text, "r1"),
        Shown(replace(protection, connector="other"), text, "r1"),
    ]
    assert vault.settle(Opening(tuple(elsewhere))).values == (Opened("moved"),) * 4
    assert show(vault, protection, text, None) == Opened("unplaced")


def test_a_swap_is_told_from_memory_as_well(vault: Vault) -> None:
    """What is remembered is judged by where it stands, not only by what it is."""
    text = put(vault, MAIL, "mara@example.org").text
    show(vault, MAIL, text)
    recalled = vault.recall(
        Opening((Shown(MAIL, text, "r1"), Shown(MAIL, text, "r2"), Shown(MAIL, "plain", "r1")))
    )
    assert recalled is not None
    assert recalled.values == (Opened("opened", "mara@example.org"), Opened("moved"), Opened("clear"))


@pytest.mark.parametrize("record", ["r2", None])
def test_what_came_without_a_record_is_not_shown_from_memory_either(vault: Vault, record: str | None) -> None:
    """Nobody can tell whether it stands where it was put, remembered or not."""
    text = put(vault, MAIL, "mara@example.org").text
    show(vault, MAIL, text, record)
    recalled = vault.recall(Opening((Shown(MAIL, text, None),)))
    assert recalled is not None
    assert recalled.values == (Opened("unplaced"),)
    assert show(vault, MAIL, text, None) == Opened("unplaced")


@pytest.mark.parametrize("protection", [NOTES, TAX], ids=lambda each: each.kind)
def test_ciphertext_that_was_changed_is_told(vault: Vault, protection: Protection) -> None:
    """Any character of it."""
    text = put(vault, protection, VALUES[protection]).text
    for place in range(4, len(text) - 1):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        assert show(vault, protection, changed).fate in {"moved", "dead"}


def test_an_envelope_that_was_replaced_and_put_back_is_told(vault: Vault) -> None:
    """An older value of the same field is not the value of today."""
    old = put(vault, NOTES, "old")
    vault.settle(Opening(kept=(old.handle,)))
    new = put(vault, NOTES, "new")
    vault.settle(Opening(kept=(new.handle,)))
    assert show(vault, NOTES, old.text) == Opened("moved")
    assert show(vault, NOTES, new.text) == Opened("opened", "new")


@pytest.mark.parametrize("protection", [MAIL, NOTES], ids=lambda each: each.kind)
@pytest.mark.parametrize("answers", itertools.permutations(range(2)), ids=str)
@pytest.mark.parametrize("last", range(2))
def test_of_two_writes_at_once_none_is_lost(
    vault: Vault, protection: Protection, answers: tuple[int, ...], last: int
) -> None:
    """Whichever the CRM carries out last, and whoever hears of it first; the next change ends what is left."""
    texts = ("one@example.org", "two@example.org")
    both = [put(vault, protection, text) for text in texts]
    for each in answers:
        vault.settle(Opening(kept=(both[each].handle,)))
    assert show(vault, protection, both[last].text) == Opened("opened", texts[last])
    third = put(vault, protection, "three@example.org")
    vault.settle(Opening(kept=(third.handle,)))
    with vault.store.read() as connection:
        assert [*rows.by_handle(connection, [each.handle for each in (*both, third)])] == [third.handle]


def test_a_write_that_nobody_heard_of_ends_with_a_later_one(vault: Vault, clock: Clock) -> None:
    """When it cannot be under way any more."""
    lost = put(vault, MAIL, "one@example.org")
    for seconds, left in ((60.0, 1), (rows.IN_FLIGHT, 0)):
        clock.seconds += seconds
        vault.settle(Opening(kept=(put(vault, MAIL, "two@example.org").handle,)))
        with vault.store.read() as connection:
            assert len(rows.by_handle(connection, [lost.handle])) == left


def test_equal_values_are_found_and_others_are_not(vault: Vault) -> None:
    """By their normal form; and a filter for what nobody has still says something."""
    one, two = put(vault, MAIL, "Mara@Example.org").text, put(vault, MAIL, "mara@example.org ", "r2").text
    put(vault, MAIL, "other@example.org", "r3")
    assert one != two
    assert set(find(vault, MAIL, "MARA@EXAMPLE.ORG")) == {one, two}
    (nobody,) = find(vault, MAIL, "nobody@example.org")
    assert show(vault, MAIL, nobody) == Opened("dead")


def test_numbers_are_found_however_they_are_written(vault: Vault) -> None:
    """E.164 is what makes two numbers one."""
    token = put(vault, PHONE, "+353 (0)86 123 4567").text
    assert find(vault, PHONE, "00353 86-1234567") == (token,)


def test_a_deterministic_value_is_found_by_itself(vault: Vault) -> None:
    """The same text each time, for its element alone."""
    text = put(vault, TAX, "IE1234567T").text
    assert find(vault, TAX, "IE1234567T") == (text,) == (put(vault, TAX, "IE1234567T", "r9").text,)
    assert show(vault, replace(TAX, element="user.government_id"), text) == Opened("moved")


@pytest.mark.parametrize(("same", "element", "text"), [(TAX, "tax", "IE1234567T"), (NUMBER, "id", "123456789")])
@pytest.mark.parametrize("bound", [MAIL, NOTES])
def test_a_field_whose_values_are_bound_to_their_record_takes_none_that_are_not(
    vault: Vault, same: Protection, element: str, text: str, bound: Protection
) -> None:
    """Or whoever sees another field's ciphertext in the CRM would read it from a record of their own."""
    seen = put(vault, replace(same, element=element), text, "r9").text
    assert show(vault, replace(same, element=element), seen) == Opened("opened", text)
    elsewhere = Shown(replace(bound, element=element), seen, "r1")
    remembered = vault.recall(Opening((elsewhere,)))
    assert remembered is not None
    assert remembered.values == (Opened("moved"),)
    assert show(vault, elsewhere.protection, seen) == Opened("moved")
    placed = put(vault, replace(bound, element=element), seen, "r1")
    assert placed == Placed("", trouble="protected_value_moved")


def test_what_too_many_have_is_not_found(vault: Vault) -> None:
    """A filter has its bounds, and so has what it would tell."""
    puts = tuple(Put(FIRST, "Mary", f"r{number}", number) for number in range(MOST_FOUND + 1))
    vault.settle(Sending(puts=puts))
    with pytest.raises(Refused, match="protected_too_many"):
        find(vault, FIRST, "mary")


def test_a_name_made_of_two_is_turned_back(vault: Vault) -> None:
    """The CRM makes a whole name of tokens; in another record it is nobody's."""
    first, last = put(vault, FIRST, "Mara").text, put(vault, LAST, "Quinn").text
    assert show(vault, NAME, f"{first.capitalize()} {last}") == Opened("opened", "Mara Quinn")
    assert show(vault, NAME, f"Dr. {first} {last}") == Opened("opened", "Dr. Mara Quinn")
    assert show(vault, NAME, f"{first} {last}", "r2") == Opened("moved")


def test_text_around_a_token_does_not_carry_it_into_a_field_of_another_kind(vault: Vault) -> None:
    """Or whoever may see a name would see the address of the same person, as soon as somebody put it there."""
    mail, first = put(vault, MAIL, "mara@example.org").text, put(vault, FIRST, "Mara").text
    assert show(vault, FIRST, f"x {mail}") == Opened("moved")
    assert show(vault, NAME, f"{first} {mail}") == Opened("moved")


def test_a_client_writes_no_text_with_tokens_in_it(vault: Vault) -> None:
    """What the CRM makes of tokens nobody but the CRM writes."""
    first = put(vault, FIRST, "Mara").text
    assert put(vault, LAST, f"x {first}").trouble == "protected_value_moved"


def test_a_write_does_not_claim_a_value_whose_record_nobody_has_said_yet(vault: Vault) -> None:
    """WP-07: or whoever had seen it in the CRM could have it opened in a record of their own."""
    lost = put(vault, MAIL, "b@example.org", None).text
    assert put(vault, MAIL, lost, "r2").trouble == "protected_value_moved"
    assert show(vault, MAIL, lost, "r1").text == "b@example.org"


def test_what_is_written_while_its_person_is_shredded_leaves_no_row_behind(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mark would be found, and said to stand for them, for ever; it gets a key of its own instead."""
    put(vault, PHONE, "+353861234567")
    with vault.store.read() as connection:
        (old,) = rows.in_records(connection, [Place("crm", "Contact", "r1")])
    find_keys, shredded = vault.keys.find, []

    def find_then_shred(ids: Iterable[bytes]) -> dict[bytes, SubjectKey]:
        found = find_keys(ids)
        if not shredded:
            shredded.append(old)
            with vault.store.begin() as connection:
                rows.drop_keys(connection, [old.key_id])
            vault.keys.shred_key(old.key_id)
        return found

    monkeypatch.setattr(vault.keys, "find", find_then_shred)
    placed = put(vault, MAIL, "mara@example.org")
    assert shredded
    with vault.store.read() as connection:
        (value,) = rows.in_records(connection, [Place("crm", "Contact", "r1")])
    assert value.key_id != old.key_id
    assert show(vault, MAIL, placed.text) == Opened("opened", "mara@example.org")


def test_what_comes_back_for_its_record_stays_and_for_another_is_refused(vault: Vault) -> None:
    """A token is never protected twice, and never carried over to somebody else."""
    for protection in (MAIL, NOTES):
        text = put(vault, protection, VALUES[protection]).text
        assert put(vault, protection, f" {text}" if protection is MAIL else text) == Placed(text)
        assert put(vault, protection, text, "r2").trouble == "protected_value_moved"
        assert put(vault, protection, text, None).trouble == "protected_value_moved"
    assert put(vault, MAIL, "t" + "a" * 26 + "@t.acme.example").trouble == "protected_value_unknown"


def test_what_does_not_fit_is_refused_and_never_cut(vault: Vault) -> None:
    """WP-06: by bytes, as the CRM's field has room."""
    assert put(vault, NOTES, "x" * 140).trouble is None
    assert put(vault, NOTES, "é" * 71).trouble == "protected_value_too_long"


def test_a_record_that_is_made_gets_its_values_when_the_answer_says_its_id(vault: Vault) -> None:
    """Before that, whoever shows it first; after that, it alone."""
    told, lost = put(vault, MAIL, "a@example.org", None), put(vault, MAIL, "b@example.org", None, 1)
    vault.settle(Opening(attached=((told.handle, "003Lg0000000001IAA"),)))
    assert show(vault, MAIL, told.text, "r2") == Opened("moved")
    assert show(vault, MAIL, told.text, "003Lg0000000001").text == "a@example.org"
    assert show(vault, MAIL, lost.text, "r2").text == "b@example.org"
    assert show(vault, MAIL, lost.text, "r3") == Opened("moved")
    assert show(vault, MAIL, put(vault, MAIL, "c@example.org", None).text, None) == Opened("unplaced")


def test_values_of_one_record_have_one_key_and_of_two_records_two(vault: Vault) -> None:
    """So that one person can be forgotten, whole, and nobody else."""
    puts = (
        Put(MAIL, "a@example.org", None, 0),
        Put(PHONE, "+353861234567", None, 0),
        Put(MAIL, "b@example.org", None, 1),
    )
    handles = [each.handle for each in vault.settle(Sending(puts=puts)).placed]
    with vault.store.read() as connection:
        held = rows.by_handle(connection, handles)
    one, same, other = (held[handle].key_id for handle in handles)
    assert one == same != other
    vault.settle(Opening(attached=((handles[0], "r1"), (handles[1], "r1"))))
    later = put(vault, NOTES, "later").handle
    with vault.store.read() as connection:
        assert rows.by_handle(connection, [later])[later].key_id == one


def test_a_shredded_key_takes_every_form_and_every_copy_with_it(
    vault: Vault, make: Callable[[], Vault], tmp_path: Path
) -> None:
    """In this process and in others, whatever they remembered; and what is left in the CRM opens nothing."""
    other = make()
    texts = {protection: put(vault, protection, VALUES[protection]).text for protection in (MAIL, PHONE, NOTES)}
    for each, protection in itertools.product((vault, other), texts):
        assert show(each, protection, texts[protection]).fate == "opened"
    with vault.store.read() as connection:
        (value,) = rows.by_handle(connection, [texts[MAIL]]).values()
    vault.keys.shred_key(value.key_id)
    for each, protection in itertools.product((vault, other), texts):
        assert each.recall(Opening((Shown(protection, texts[protection], "r1"),))) is None
        assert show(each, protection, texts[protection]) == Opened("dead")
    with vault.store.begin() as connection:
        assert rows.drop_keys(connection, [value.key_id]) == 3
    assert show(vault, NOTES, texts[NOTES]) == Opened("dead")
    assert find(vault, MAIL, VALUES[MAIL]) != (texts[MAIL],)


def test_no_value_lies_in_the_database_in_clear(vault: Vault, tmp_path: Path) -> None:
    """Neither the value, nor its normal form."""
    for protection, clear in VALUES.items():
        put(vault, protection, clear)
    with vault.store.read() as connection:
        held = connection.execute(select(TABLE)).all()
    assert len(held) == 4
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("s.db*")) + repr(held).encode()
    for clear in ("Mara", "mara.quinn", "861234567", "after 3", "IE1234567T"):
        assert clear.encode() not in everything


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(min_size=1, max_size=40).filter(str.strip))
def test_any_text_comes_back_as_it_was(vault: Vault, text: str) -> None:
    """Whatever script it is in."""
    for protection in (NOTES, FIRST, TAX):
        placed = put(vault, replace(protection, room=None), text)
        assert show(vault, protection, placed.text) == Opened("opened", text)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.permutations(range(4)), st.data())
def test_any_exchange_of_values_among_records_and_fields_is_told(
    vault: Vault, order: list[int], data: st.DataObject
) -> None:
    """Whoever stays in place is opened, whoever does not is moved; also from memory."""
    places = [(protection, record) for protection in (MAIL, NOTES) for record in ("a", "b")]
    texts = [
        put(vault, protection, f"v{at}@example.org", record).text
        for at, (protection, record) in enumerate(places)
    ]
    shown = tuple(Shown(where, texts[at], record) for (where, record), at in zip(places, order, strict=True))
    expected = tuple(
        Opened("opened", f"v{at}@example.org") if at == here else Opened("moved")
        for here, at in enumerate(order)
    )
    assert vault.settle(Opening(shown)).values == expected
    if data.draw(st.booleans()):
        recalled = vault.recall(Opening(shown))
        assert recalled is not None
        assert recalled.values == expected
