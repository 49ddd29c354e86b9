"""`lychgate connector from-odata` writes a draft, or says why it cannot."""

from click.testing import CliRunner

from proxy.cli.connector import connector
from tests.connectors.drafting.test_odata import CSDL


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
