"""`lychgate connector from-odata` writes a draft, or says why it cannot."""

from click.testing import CliRunner

from proxy.cli.connector import connector
from tests.connectors.drafting.test_odata import CSDL
from tests.connectors.drafting.test_openapi import SPEC


def test_a_draft_is_written_to_standard_output(tmp_path):
    """Its name, path and sets are those that were asked for."""
    file = tmp_path / "metadata.xml"
    file.write_text(CSDL)
    told = CliRunner().invoke(
        connector, ["from-odata", str(file), "--name", "mine", "--path", "/x/", "--set", "contacts"]
    )
    assert told.exit_code == 0
    assert told.output.startswith("# A draft")
    assert "name: mine" in told.output
    assert "GET /x/{set}" in told.output
    assert "accounts" not in told.output


def test_another_document_is_refused_in_a_sentence(tmp_path):
    """Without a traceback."""
    file = tmp_path / "metadata.xml"
    file.write_text("<a/>")
    told = CliRunner().invoke(connector, ["from-odata", str(file)])
    assert told.exit_code == 1
    assert "no OData 4 metadata" in told.output


def test_a_draft_is_made_from_openapi(tmp_path):
    """Named and placed as asked for; another document is refused in a sentence."""
    file = tmp_path / "openapi.yaml"
    file.write_text(SPEC)
    told = CliRunner().invoke(connector, ["from-openapi", str(file), "--name", "orchard", "--path", "/x/"])
    assert told.exit_code == 0
    assert "name: orchard" in told.output
    assert "GET /x/people/{id}" in told.output
    file.write_text("a: 1")
    told = CliRunner().invoke(connector, ["from-openapi", str(file)])
    assert told.exit_code == 1
    assert "no OpenAPI 3 document" in told.output
