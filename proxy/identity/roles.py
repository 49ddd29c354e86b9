"""What a token's claims give: values of one claim, through the issuer's map, and nothing by default."""

from collections.abc import Mapping

from proxy.identity.issuer import Issuer


def roles_from(claims: Mapping[str, object], issuer: Issuer) -> frozenset[str]:
    """Return the roles that verified `claims` stand for; empty when the claim is missing or of another shape.

    The claim is a string or a list of strings. It is looked up by its whole name first, because names such as
    `https://example.com/roles` hold dots, and then as a path (`realm_access.roles`).
    """
    values = _find(claims, issuer.roles_claim)
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return frozenset()
    return frozenset(issuer.role_map[value] for value in values if value in issuer.role_map)


def _find(claims: Mapping[str, object], name: str) -> object:
    if name in claims:
        return claims[name]
    here: object = claims
    for step in name.split("."):
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = here[step]
    return here
