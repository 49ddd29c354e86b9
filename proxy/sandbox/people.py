"""The fictitious people every sandbox starts with; the first twelve were written by hand.

Nobody here exists: domains are the reserved `example` ones, phone numbers are from ranges kept for fiction or
made up around 555, account numbers are the published sample IBANs of their countries, and social security
numbers begin with 000, which is never issued.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice


@dataclass(frozen=True, slots=True)
class Person:
    """One fictitious person, before a CRM gives it a shape."""

    given: str
    family: str
    salutation: str
    email: str
    phone: str
    mobile: str
    street: str
    city: str
    state: str
    postcode: str
    country: str
    country_code: str
    born: str
    """ISO date."""
    title: str
    department: str
    company: str
    iban: str
    ssn: str
    allergies: str | None
    income: int
    description: str
    source: str
    newsletter: str
    """`in` or `out`."""


_BY_HAND = (
    Person(
        "Aoife", "Byrne", "Ms.", "aoife.byrne@example.org", "+353 1 555 0101", "+353 86 555 0101",
        "14 Rowan Terrace", "Dublin", "Leinster", "D08 XY45", "Ireland", "IE", "1984-03-17",
        "Head of Purchasing", "Operations", "Northwind Orchards", "IE29AIBK93115212345678", "000-12-0101",
        "Penicillin", 68000,
        "Prefers calls after 15:00. Mentioned her daughter's surgery in March; asked us not to write.",
        "Web", "in",
    ),
    Person(
        "Jürgen", "Weiß", "Mr.", "juergen.weiss@example.net", "+49 30 555 0102", "+49 170 555 0102",
        "Lindenstraße 7", "Berlin", "Berlin", "10969", "Germany", "DE", "1971-11-02",
        "Geschäftsführer", "Leitung", "Feldmann Brücken GmbH", "DE89370400440532013000", "000-12-0102",
        None, 124000,
        "Vegetarisch. Ruft lieber an als zu schreiben, privat erreichbar unter +49 30 555 0190.",
        "Trade Show", "in",
    ),
    Person(
        "Chloé", "d'Aubigné", "Mme", "chloe.daubigne@example.com", "+33 1 99 00 01 03", "+33 6 39 98 01 03",
        "3 bis, rue de l'Église", "Lyon", "Auvergne-Rhône-Alpes", "69005", "France", "FR", "1990-07-29",
        "Juriste", "Affaires juridiques", "Atelier Mistral", "FR1420041010050500013M02606", "000-12-0103",
        "Peanuts, latex", 57000, "Works part-time since her burnout (2025). DPO contact.", "Partner", "out",
    ),
    Person(
        "美咲", "田中", "Ms.", "misaki.tanaka@example.org", "+81 3 5550 0104", "+81 90 5550 0104",
        "丸の内1-2-3", "千代田区", "東京都", "100-0005", "Japan", "JP", "1988-01-05",
        "営業部長", "営業", "桜商事", "GB29NWBK60161331926819", "000-12-0104",
        "Shellfish", 71000, "My Number shown on paper only; do not store. 電話は午前中に。",
        "Referral", "in",
    ),
    Person(
        "Thomas", "Okafor", "Dr.", "thomas.okafor@example.com", "+44 20 7946 0105", "+44 7700 900105",
        "221 Mill Lane", "London", "Greater London", "NW6 1TJ", "United Kingdom", "GB", "1966-09-23",
        "Consultant Physician", "Cardiology", "Harbour Clinic", "GB29NWBK60161331926819", "000-12-0105",
        None, 143000, "Union representative. Second e-mail t.okafor@example.net.", "Web", "in",
    ),
    Person(
        "María José", "García Peña", "Sra.", "mj.garcia@example.org", "+34 91 555 0106", "+34 600 555 106",
        "Calle de la Luna 12, 3ºB", "Madrid", "Madrid", "28004", "Spain", "ES", "1979-12-12",
        "Directora de Marketing", "Marketing", "Luz y Papel", "ES9121000418450200051332", "000-12-0106",
        "Gluten", 61000, "Kosher catering for visits. Birthday party invitation sent.", "Trade Show", "in",
    ),
    Person(
        "Ngozi", "Adeyemi", "Mrs.", "ngozi.adeyemi@example.net", "+353 1 555 0107", "+353 87 555 0107",
        "9 Quay Street", "Galway", "Connacht", "H91 E2K3", "Ireland", "IE", "1993-05-30",
        "Nurse", "Paediatrics", "Harbour Clinic", "IE29AIBK93115212345678", "000-12-0107",
        "Bee stings", 42000, "Asked for erasure of her newsletter history on 2026-02-11.", "Web", "out",
    ),
    Person(
        "Lars", "Sørensen", "Mr.", "lars@example.com", "+45 5555 0108", "+45 2055 5108",
        "Åboulevarden 40", "Aarhus", "Midtjylland", "8000", "Denmark", "DK", "1958-02-28",
        "Retired", "", "Sørensen & Søn", "NL91ABNA0417164300", "000-12-0108",
        None, 0, "Widower. Son Mikkel (born 2001) manages the account now.", "Phone", "in",
    ),
    Person(
        "Priya", "Raman", "Ms.", "priya.raman@example.org", "+61 2 5550 0109", "+61 491 570 109",
        "5/88 Banksia Road", "Sydney", "NSW", "2010", "Australia", "AU", "1996-10-10",
        "Data Engineer", "IT", "Coral Analytics", "AT611904300234573201", "000-12-0109",
        "Sesame", 98000, "Medicare question: see case. Pronouns she/her.", "Referral", "in",
    ),
    Person(
        "Émile", "Tremblay", "M.", "emile.tremblay@example.net", "+1 514 555 0110", "+1 438 555 0110",
        "1200, avenue du Parc", "Montréal", "QC", "H2X 1Y3", "Canada", "CA", "1982-06-24",
        "Acheteur", "Achats", "Érablière du Nord", "BE68539007547034", "000-12-0110",
        None, 59000, "Parle français; demande de rectification en cours.", "Partner", "in",
    ),
    Person(
        "Grace", "O'Neill", "Ms.", "grace.oneill@example.com", "+1 212 555 0111", "+1 917 555 0111",
        "77 Harbor View, Apt 4", "New York", "NY", "10013", "United States", "US", "1975-08-08",
        "VP Sales", "Sales", "Harbor & Main", "CH9300762011623852957", "000-12-0111",
        "Aspirin", 187000, "HIV support group volunteer (told us in confidence). Card ends 4242.",
        "Web", "out",
    ),
    Person(
        "Zoë", "van der Berg", "Mevr.", "zoe.vdberg@example.org", "+31 20 555 0112", "+31 6 5555 0112",
        "Prinsengracht 263-I", "Amsterdam", "Noord-Holland", "1016 GV", "Netherlands", "NL", "2001-04-01",
        "Student", "", "Feldmann Brücken GmbH", "NL91ABNA0417164300", "000-12-0112",
        "Nickel", 9000, "Internship 2026. Emergency contact: mother, +31 20 555 0113.", "Phone", "in",
    ),
)  # fmt: skip

_GIVEN = (
    "Ada",
    "Ben",
    "Cleo",
    "Dara",
    "Elif",
    "Finn",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kaya",
    "Liam",
    "Mira",
)
_FAMILY = ("Alder", "Birch", "Cedar", "Dogan", "Ekberg", "Fontaine", "Grün", "Hale", "Ito", "Jansen", "Kerr")


def _made(number: int) -> Person:
    """Return the person with this number (from 13 on): always the same one, and no two share an address."""
    model = _BY_HAND[number % len(_BY_HAND)]
    given = _GIVEN[number % len(_GIVEN)]
    family = _FAMILY[number // len(_GIVEN) % len(_FAMILY)]
    return replace(
        model,
        given=given,
        family=family,
        email=f"{given}.{family}.{number}@example.{('org', 'net', 'com')[number % 3]}".lower().replace(
            "ü", "ue"
        ),
        phone=f"+353 1 555 {number:06d}",
        mobile=f"+353 86 555 {number:06d}",
        street=f"{number % 240 + 1} Sample Street",
        born=f"{1950 + number % 55}-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        ssn=f"000-{number % 90 + 10}-{number % 10_000:04d}",
        income=20_000 + number * 37 % 90_000,
    )


def _everyone() -> Iterator[Person]:
    yield from _BY_HAND
    number = len(_BY_HAND) + 1
    while True:
        yield _made(number)
        number += 1


def people(count: int = len(_BY_HAND)) -> list[Person]:
    """Return `count` people: the twelve, then generated ones, the same in every run."""
    return list(islice(_everyone(), count))
