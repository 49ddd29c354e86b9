"""What of a written record names somebody."""

from pathlib import Path

import pytest

from proxy.connectors import load_connector
from proxy.connectors.naming import telling, told

ROOT = Path(__file__).parents[2] / "policies" / "connectors"


@pytest.mark.parametrize(
    ("crm", "object_", "names", "expected"),
    [
        ("dynamics", "contact", ["emailaddress1", "jobtitle"], {"emailaddress1": "email"}),
        ("dynamics", "account", ["telephone1", "name"], {"telephone1": "phone"}),
        ("pipedrive", "persons", ["email", "emails"], {"email": "emails", "emails": "emails"}),
        ("pipedrive", "persons", ["cc_email"], {"cc_email": "email"}),  # the playbook has no word for it
        ("pipedrive", "organizations", ["cc_email", "name"], {"cc_email": "email"}),  # nor for the object
        ("pipedrive", "unheard_of", ["email"], {}),
    ],
)
def test_fields_name_somebody_by_the_playbook_or_by_what_they_are_for(
    crm: str, object_: str, names: list[str], expected: dict[str, str]
) -> None:
    """The playbook's word counts; where it has none, addresses and numbers do."""
    assert telling(load_connector(ROOT / f"{crm}.yaml"), object_, names) == expected


def test_every_value_in_a_field_is_told() -> None:
    """In lists and in entries with labels; numbers as text, nothing for what is empty."""
    members = {"phone": [{"value": "+353 1", "primary": True}, "+353 2"], "name": None, "code": 7}
    fields = {"phone": "phones", "name": "name", "code": "id"}
    assert list(told(fields, members)) == [("phones", "+353 1"), ("phones", "+353 2"), ("id", "7")]
