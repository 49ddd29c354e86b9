"""`lychgate policy matrix`, in every format."""

import csv
import io
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.policy import policy

SHIPPED = Path(__file__).parents[2] / "policies"
SUPPORT = ("--purpose", "customer_support", "--recipient", "helpdesk_app")
NASTY = '<script>alert("x")</script> & | `code` =1+1'


def _run(*words: str | Path) -> Result:
    return CliRunner().invoke(policy, ["matrix", *map(str, words)])


@pytest.fixture
def nasty(tmp_path: Path) -> Path:
    """Return the example with markup in what people write."""
    shutil.copytree(SHIPPED, tmp_path / "policies")
    path = tmp_path / "policies" / "example" / "support.yaml"
    text = path.read_text()
    path.write_text(text.replace("description: Support sees whom", f"description: '{NASTY}' #", 1))
    return tmp_path / "policies"


class Page(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_to_sign_is_whole_and_needs_nothing(nasty: Path) -> None:
    """Digest, date, lawful basis, legal references, a place to sign; no script, link or picture."""
    result = _run("Contact", "--policies", nasty, "--format", "html", "--title", "Zugriff <2026>", *SUPPORT)
    assert result.exit_code == 0
    page = Page(result.output)
    assert page.open == []
    assert {"script", "link", "img", "a", "iframe"}.isdisjoint(page.tags)
    assert not any(name.startswith("on") or name in ("src", "href") for name, _ in page.attributes)
    assert "<title>Zugriff &lt;2026&gt;</title>" in result.output
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in result.output
    made = r"As of <strong>\d{4}-\d\d-\d\d \d\d:\d\d UTC</strong>, policy set <code>sha256:[0-9a-f]{64}<"
    assert re.search(made, result.output)
    assert "Purpose customer_support: lawful basis contract (GDPR Art. 6(1)(b))." in result.output
    assert "<td>special-categories</td>" not in result.output  # it decides nothing that anybody would get
    assert "<td>support-phone-masked</td><td>grant</td>" in result.output
    assert "Data protection officer: name, date, signature" in result.output


def test_csv_has_a_line_for_each_cell_and_no_formula(nasty: Path) -> None:
    """Readable by any spreadsheet, which runs none of it."""
    result = _run("Contact", "--policies", nasty, "--format", "csv", *SUPPORT)
    rows = list(csv.DictReader(io.StringIO(result.output)))
    (phone,) = [row for row in rows if row["field"] == "Phone" and row["role"] == "support_agent"]
    assert (phone["outcome"], phone["rules"]) == ("mask(phone_ending)", "support-phone-masked")
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_markdown_is_a_table_with_its_conditions() -> None:
    """Names as code, conditions below."""
    news = ("--action", "list", "--purpose", "product_news")
    result = _run("Contact", "--policies", SHIPPED, "--format", "markdown", *news)
    assert "| `Email` | `user.contact.email` | `allow if a && !b` | · | · | · |" in result.output
    assert '* `a`: `consent("product_news")`' in result.output


def test_text_letters_conditions_in_the_heading() -> None:
    """As short as a terminal asks for."""
    result = _run("Contact", "--policies", SHIPPED, "--action", "list", "--purpose", "product_news")
    assert '(a: consent("product_news"), b: resource.restricted)' in result.output.splitlines()[0]


def test_without_an_object_all_that_anybody_gets_anything_of_are_shown() -> None:
    """Of one CRM if asked for; objects that nobody gets anything of are left out."""
    result = _run("--policies", SHIPPED, "--connector", "hubspot", *SUPPORT)
    heads = [line.partition(" ")[0] for line in result.output.splitlines() if "action=read" in line]
    assert heads == sorted(heads)
    assert {"contacts", "companies"} <= set(heads)
    assert "Contact" not in heads
