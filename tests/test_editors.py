"""The schema that a policy repository gives its editors."""

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from proxy.editors import ALL_KINDS, project_words, schema_text
from proxy.errors import Problems

SHIPPED = Path(__file__).parents[1] / "policies"


def test_it_knows_every_kind_and_the_project_s_names() -> None:
    """Policies, connectors and the gateway's configuration; roles and fields by name."""
    found = json.loads(schema_text(SHIPPED))
    Draft202012Validator.check_schema(found)
    assert found["properties"]["kind"]["enum"] == sorted(ALL_KINDS)
    assert "support_agent" in schema_text(SHIPPED)
    assert "support_agent" not in schema_text(None)
    words = project_words(SHIPPED)
    assert {"support_lead", "marketer"} <= set(words.roles)
    assert {"Contact", "contacts", "party.party"} <= set(words.objects)


def test_broken_connectors_free_their_names_only(tmp_path: Path) -> None:
    """Roles are still known when an object's list cannot be read."""
    shutil.copytree(SHIPPED, tmp_path / "policies")
    (tmp_path / "policies" / "connectors" / "hubspot.yaml").write_text("kind: Connector\n")
    words = project_words(tmp_path / "policies")
    assert (list(words.objects), list(words.categories)) == ([], [])
    assert "support_lead" in words.roles


def test_without_policies_there_is_nothing_to_know(tmp_path: Path) -> None:
    """A wrong folder is told, not taken for a set without names."""
    with pytest.raises(Problems, match="LG100"):
        schema_text(tmp_path)
