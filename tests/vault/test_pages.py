"""A page of values is opened as each of them would be by itself."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.model import Protection
from proxy.vault import Column, Opened, Opening, Put, Sending, Vault
from proxy.vault.pages import Page
from tests.vault.conftest import FIRST, MAIL, NOTES, NUMBER, PHONE, TAX

LEAD = replace(MAIL, object="Lead")
OTHER = replace(NOTES, field="Other")
LONG = "0035g00000AbCdEAAV"
RECORDS = ("1", "2", LONG)
VALUES = {
    protection: f"{at}@example.org" for at, protection in enumerate((MAIL, LEAD, NOTES, OTHER, FIRST, PHONE))
}


def written(vault: Vault) -> list[str]:
    """Write each value into each record; return what stands in the CRM."""
    puts = tuple(
        Put(protection, f"{record}{clear}", record, at)
        for at, record in enumerate(RECORDS)
        for protection, clear in VALUES.items()
    )
    return [each.text for each in vault.settle(Sending(puts=puts)).placed]


def shown(vault: Vault, columns: Sequence[Column]) -> tuple[list[str | Opened], ...]:
    """Return the columns as they are shown."""
    return vault.settle(Opening(columns=tuple(columns))).columns


def test_together_and_one_by_one_come_to_the_same(vault: Vault) -> None:
    """Whatever stands wherever: values of ours, of other places, changed, in clear, without a record."""
    text = st.sampled_from([*written(vault), "Mara", "lp1.AAAA", "t" + "a" * 26 + "@t.acme.example"])
    changed = st.builds(lambda one, at: one[:at] + "x" + one[at + 1 :], text, st.integers(0, 80))
    any_text = text | changed | text.map(str.upper) | text.map(lambda one: f" {one}")
    cells = st.lists(st.tuples(any_text, st.sampled_from([*RECORDS, LONG[:15], "3", None])), max_size=6)
    protections = (*VALUES, replace(MAIL, element="user.name"), replace(NOTES, kind="token"))

    @settings(max_examples=40, deadline=None)
    @given(st.tuples(*[cells] * len(protections)))
    def compare(page: Sequence[list[tuple[str, str | None]]]) -> None:
        columns = [
            Column(protection, [text for text, _ in each], [record for _, record in each])
            for protection, each in zip(protections, page, strict=True)
        ]
        vault.forget()
        together, remembered = shown(vault, columns), shown(vault, columns)
        vault.forget()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Page, "opened", lambda page: [[None] * len(each.texts) for each in columns])
            assert shown(vault, columns) == together == remembered

    compare()


def test_where_two_objects_have_the_same_ids_a_value_belongs_to_one_of_them(vault: Vault) -> None:
    """Though both are on the page, and have the same field."""
    mail, lead = put_one(vault, MAIL), put_one(vault, LEAD)
    columns = [Column(MAIL, [mail, lead], ["1", "1"]), Column(LEAD, [lead, mail], ["1", "1"])]
    assert shown(vault, columns) == (["a@example.org", Opened("moved")],) * 2


def put_one(vault: Vault, protection: Protection, clear: str = "a@example.org") -> str:
    """Write a value into the first record; return what stands in the CRM."""
    (placed,) = vault.settle(Sending(puts=(Put(protection, clear, "1", 0),))).placed
    return placed.text


def test_the_newest_write_to_a_record_and_the_one_before_both_open(vault: Vault) -> None:
    """While nobody knows which of them the CRM has."""
    texts = [put_one(vault, MAIL, clear) for clear in ("a@example.org", "b@example.org")]
    assert shown(vault, [Column(MAIL, texts, ["1", "1"])]) == (["a@example.org", "b@example.org"],)


@pytest.mark.parametrize("protection", [MAIL, NOTES], ids=lambda each: each.kind)
def test_a_value_whose_category_was_changed_since_opens(vault: Vault, protection: Protection) -> None:
    """It is bound to the element it was sealed for."""
    text = put_one(vault, protection)
    assert shown(vault, [Column(replace(protection, element="user"), [text], ["1"])]) == (["a@example.org"],)


@pytest.mark.parametrize(("protection", "clear"), [(TAX, "IE1234567T"), (NUMBER, "123-45-6789")])
def test_what_is_always_the_same_is_remembered_for_its_element(
    vault: Vault, protection: Protection, clear: str
) -> None:
    """In any record, and in no field of another element."""
    text, other = put_one(vault, protection, clear), replace(protection, field="Other", element="user.name")
    columns = [Column(protection, [text] * 2, ["1", "2"]), Column(other, [text], ["1"])]
    expected = ([clear] * 2, [Opened("moved")])
    assert vault.recall(Opening(columns=tuple(columns))) is None
    assert shown(vault, columns) == expected
    recalled = vault.recall(Opening(columns=tuple(columns)))
    assert recalled is not None
    assert recalled.columns == expected
    with vault.keys.generation.changing():
        pass
    assert vault.recall(Opening(columns=tuple(columns))) is None


def test_a_page_in_clear_needs_no_key(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a provider that is down keeps nobody from what never was protected."""
    monkeypatch.setattr(vault.keys, "find", None)
    assert shown(vault, [Column(MAIL, ["mara@example.org"], ["1"])]) == ([Opened("clear")],)
