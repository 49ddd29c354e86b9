"""Puts people into a Tryton database: `python people.py trytond.conf`, under Tryton's own Python.

Works on the database itself, no server running. The ids are always the same, because the database is new:
Mara Quinn is party 1, Jonas Weber 2, Aiko Tanaka 3 (inactive), Acme Ltd 4.
"""

import sys
from typing import Any

from proteus import Model, config

PEOPLE: tuple[dict[str, Any], ...] = (
    {
        "name": "Mara Quinn",
        "code": "P-001",
        "address": {"street": "12 Harbour Row", "postal_code": "T12 AB34", "city": "Cork"},
        "mechanisms": [
            ("phone", "+353861234567", "home"),
            ("email", "mara.quinn@example.org", None),
        ],
        "identifier": "PASSPORT-LC7711220",
        "notes": "Allergic to penicillin. Prefers calls after 15:00.",
        "active": True,
    },
    {
        "name": "Jonas Weber",
        "code": "P-002",
        "address": {"street": "Lindenstraße 7", "postal_code": "10969", "city": "Berlin"},
        "mechanisms": [
            ("phone", "+493012345678", None),
            ("email", "jonas.weber@example.net", "work"),
        ],
        "identifier": "PASSPORT-C01X00T47",
        "active": True,
    },
    {
        "name": "Aiko Tanaka",
        "code": "P-003",
        "address": {"street": "1-2-3 Sakura", "postal_code": "150-0001", "city": "Tokyo"},
        "mechanisms": [("email", "aiko@example.com", None)],
        "identifier": "PASSPORT-TK1234567",
        "active": False,
    },
    {"name": "Acme Ltd", "code": "P-004", "address": {}, "mechanisms": [], "identifier": "", "active": True},
)


def seed(file: str) -> None:
    """Create everybody in `PEOPLE`."""
    config.set_trytond("crm", config_file=file)
    party_class = Model.get("party.party")
    for person in PEOPLE:
        party = party_class(name=person["name"], code=person["code"])
        if person["address"]:
            address = party.addresses[0] if party.addresses else party.addresses.new()
            for name, value in person["address"].items():
                setattr(address, name, value)
        for kind, value, label in person["mechanisms"]:
            mechanism = party.contact_mechanisms.new(type=kind)
            mechanism.value = value
            mechanism.name = label
            mechanism.comment = person.get("notes")
        if person["identifier"]:
            party.identifiers.new().code = person["identifier"]
        party.save()
        if not person["active"]:  # only afterwards: the fields of an inactive record are read-only
            party.active = False
            party.save()


if __name__ == "__main__":
    seed(sys.argv[1])
