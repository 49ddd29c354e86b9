"""Built-in data categories: dotted, a parent stands for every category below it.

The shape and most keys are those of the Fides taxonomy (version 3), so that an inventory kept in those words
can be used as it is. What data protection law asks for and Fides lacks is added: trade-union membership and
sex life (GDPR Art. 9), criminal convictions (Art. 10), and crime victims and social status (APPI Art. 2(3)).
"""

from collections.abc import Iterable, Iterator
from typing import Final

RECORD: Final = "system.record"
"""The record as a whole, where an action has no field (delete, share)."""
UNCLASSIFIED: Final = "unclassified"
"""What a connector says of a field nobody has classified. No rule matches such a field."""
TAGS: Final = frozenset({"special", "free_text"})
"""Tags every policy may use, whether or not a connector sets them today."""

CATEGORIES: Final = frozenset(
    f"{parent}.{leaf}" if leaf else parent
    for parent, leaves in {
        "system": "operations record",
        "organization": "contact deal financial name",
        "organization.contact": "address email phone_number url",
        "employee": "account contact job_title name",
        "user": "account authorizing behavior biometric childrens content contact criminal_convictions "
        "crime_victim date_of_birth demographic device employment financial genetic government_id "
        "health_and_medical insurance job_title location name organization payment photo political_opinion "
        "privacy_preferences race religious_belief sensor sex_life sexual_orientation social social_status "
        "telemetry trade_union unique_id user_sensor workplace",
        "user.account": "settings username",
        "user.authorizing": "biometric credentials password",
        "user.behavior": "browsing_history marketing media_consumption purchase_history search_history",
        "user.biometric": "fingerprint health voice",
        "user.content": "private public self_image",
        "user.contact": "address email fax_number organization phone_number url",
        "user.contact.address": "city country postal_code state street",
        "user.demographic": "age_range date_of_birth ethnicity gender language marital_status "
        "political_opinion race religious_belief sexual_orientation",
        "user.device": "cookie_id device_id ip_address telemetry",
        "user.financial": "account_number bank_account credit_card credit_score income tax_id",
        "user.government_id": "birth_certificate drivers_license_number immigration "
        "national_identification_number passport_number vehicle_registration",
        "user.health_and_medical": "genetic insurance_beneficiary_id record_id",
        "user.location": "imprecise precise",
        "user.name": "first last",
        "user.unique_id": "pseudonymous",
    }.items()
    for leaf in ("", *leaves.split())
)

PERSONAL: Final = frozenset({"user", "employee"})
"""What is about a person; everything below counts."""
SPECIAL: Final = frozenset(
    f"user.{leaf}"
    for leaf in (
        *("biometric", "genetic", "health_and_medical", "political_opinion", "race", "religious_belief"),
        *("sex_life", "sexual_orientation", "trade_union", "demographic.ethnicity"),
        *("demographic.political_opinion", "demographic.race", "demographic.religious_belief"),
        "demographic.sexual_orientation",
    )
)
"""The special categories of GDPR Art. 9(1); everything below counts, and so does the tag `special`."""


def ancestors(category: str) -> Iterator[str]:
    """Yield the category itself and every parent above it, nearest first."""
    while category:
        yield category
        category = category.rpartition(".")[0]


def with_parents(categories: Iterable[str]) -> frozenset[str]:
    """Return the categories and every parent of each."""
    return frozenset(each for category in categories for each in ancestors(category))


def below(word: str, words: Iterable[str]) -> frozenset[str]:
    """Return those of `words` that are `word` or stand below it."""
    return frozenset(each for each in words if each == word or each.startswith(f"{word}."))
