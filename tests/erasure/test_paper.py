"""The certificate as PDF: another program reads the facts of the page from it."""

import io

import pytest
from pypdf import PdfReader

from proxy.erasure import Finding, Kept
from proxy.erasure.certificate import page, sections
from proxy.erasure.paper import pdf
from tests.erasure.test_certificate import CASE, PLAN, said


def read(data: bytes) -> list[str]:
    """Return the words of each page."""
    return [each.extract_text() for each in PdfReader(io.BytesIO(data), strict=True).pages]


def words(text: str) -> str:
    """Return a text without the spaces at which lines are broken."""
    return "".join(text.split())


def test_every_fact_of_the_page_stands_in_it() -> None:
    """What was agreed, done, kept, seen and told, and what remains; and how to check it."""
    told = said()
    (text,) = read(pdf(told))
    for title, rows in sections(told):
        assert words(title) in words(text)
        for row in rows:
            for value in row.values():
                assert words(str(value)) in words(text)
    for fact in (*told["remains"], told["subject"], told["plan"], told["case"], told["edition"], "--public-key"):
        assert words(str(fact)) in words(text)
    for secret in ("mara@example.org", "Mara Quinn", "101"):
        assert secret not in text


def test_the_same_certificate_is_the_same_bytes() -> None:
    """And says whose it is before it is opened."""
    assert pdf(said()) == pdf(said())
    assert PdfReader(io.BytesIO(pdf(said()))).metadata.title == "Certificate of erasure case0001"


def test_a_long_one_has_pages() -> None:
    """Nothing is cut off at the end of one, and no heading stands alone there."""
    findings = tuple(Finding("hubspot", f"object{n}", "erased", "value", n) for n in range(200))
    pages = read(pdf(said(CASE.put(findings=findings))))
    assert len(pages) > 2
    text = words("".join(pages))
    for number in range(200):
        assert f"place:object{number};how:value" in text
    titles = {title for title, _ in sections(said())}
    assert not [each for each in pages if each.splitlines()[-1].strip() in titles]


@pytest.mark.parametrize(
    ("because", "shown"),
    [
        ("Bücher: § 147 AO – zehn Jahre", "Bücher: § 147 AO – zehn Jahre"),
        ("帳簿", "\\u5e33\\u7c3f"),  # the fonts of every reader do not have these: their numbers stand there
        (r"(a\b) <x> %", r"(a\b) <x> %"),  # what means something to PDF
    ],
)
def test_words_of_every_language_can_be_told_apart(because: str, shown: str) -> None:
    """No letter becomes a question mark."""
    kept = (Kept("hubspot", "deals", "7", (), because, "bills"),)
    told = said(CASE.put(plan=type(PLAN)(PLAN.case, PLAN.salt, PLAN.steps, kept, PLAN.known, PLAN.people, ())))
    assert words(shown) in words("".join(read(pdf(told))))


def test_the_page_and_the_paper_have_the_same_parts() -> None:
    """HTML says what it said before."""
    html = page(said())
    for title, _ in sections(said()):
        assert f"<h2>{title}</h2>" in html
    assert "What remains, or could not be looked into" in html
