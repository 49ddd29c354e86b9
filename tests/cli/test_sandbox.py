"""`lychgate sandbox` as a process of its own."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from proxy.cli.sandbox import sandbox

START = "import sys; from proxy.cli.sandbox import sandbox; sandbox(sys.argv[1:])"


@pytest.mark.parametrize(
    ("crm", "path", "key"),
    [
        ("salesforce", "/services/data/v59.0/query?q=SELECT+COUNT()+FROM+Contact", "totalSize"),
        ("hubspot", "/crm/v3/objects/contacts?limit=100", "results"),
        ("pipedrive", "/api/v2/persons", "data"),
        ("zoho", "/crm/v8/Contacts?fields=Email", "data"),
        ("suitecrm", "/Api/V8/module/Contacts?page%5Bsize%5D=50", "data"),
        ("dynamics", "/api/data/v9.2/contacts?$select=fullname", "value"),
    ],
)
def test_it_serves_until_it_is_told_to_stop(tmp_path, crm, path, key):
    """It prints where it listens, lets the token in, holds as many people as asked, and ends on SIGTERM."""
    token = tmp_path / "token"
    token.write_text("from-a-file\n")
    arguments = [crm, "--listen", "127.0.0.1:0", "--token-file", str(token), "--people", "20"]
    process = subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        line = process.stdout.readline()
        url = re.search(rf"sandbox {crm}: (http://127\.0\.0\.1:\d+) holds 20 fictitious people\. ", line)[1]
        assert "from-a-file" not in line
        request = urllib.request.Request(url + path, headers={"Authorization": "Bearer from-a-file"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            found = json.load(answer)[key]
        assert (found if isinstance(found, int) else len(found)) == 20
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(url + path, timeout=5)
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--listen", "8443"], "HOST:PORT"),
        (["--people", "0"], "--people"),
        (["--token-file", "missing"], "does not exist"),
        (["--tls-cert", __file__], "go together"),
    ],
)
def test_wrong_options_are_told(arguments, words):
    """A wrong option ends with exit code 2 and says what to write."""
    result = CliRunner().invoke(sandbox, ["hubspot", *arguments])
    assert result.exit_code == 2
    assert words in result.output
