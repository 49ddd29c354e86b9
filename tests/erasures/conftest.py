"""The erasures of an installation inside this process."""

from pathlib import Path

import pytest

from tests.desk import installed

RETENTION = """
apiVersion: lychgate.dev/v1
kind: Retention
metadata: {name: sweep, owner: dpo}
rules:
  - id: contacts-after-a-day
    on: {objects: [Contact]}
    clock: [resource.created]
    keep: P1D
    then: erase
    basis: legitimate_interests
    exceptions:
      - because: The person asked to have the data restricted.
        refs: ["GDPR Art. 18(1)(c)"]
        when: resource.restricted
    refs: ["GDPR Art. 5(1)(e)"]
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An installation inside this process."""
    with installed(tmp_path / "gateway", monkeypatch) as made:
        yield made
