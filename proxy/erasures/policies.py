"""What the policies in force say of erasures: by which law, who agrees, and who somebody is."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from proxy.app import App
from proxy.erasure import Terms
from proxy.erasure.assent import BULK, NotAgreed
from proxy.erasure.case import Assent
from proxy.errors import ExchangeError, LychgateError
from proxy.message import Headers, Request
from proxy.model import Principal
from proxy.policy.erasing import Consent
from proxy.yamlfile import nearest


def erasing_law(app: App) -> str:
    """Return the law of cases that name none."""
    return next(iter(app.gateways.values())).rules.policies.erasing.law


def consent(app: App) -> Consent:
    """Return who agrees, as the strictest lane has it.

    Raises:
        NotAgreed: no policy says so: nobody can be erased.
    """
    found = [gateway.rules.policies.erasing.consent for gateway in app.gateways.values()]
    consents = [one for one in found if one is not None]
    if not consents:
        raise NotAgreed("no policy says who agrees to erasures: write a `kind: Erasure` document with `consent`")
    return max(consents, key=lambda one: (one.people, one.cooling_seconds, -one.valid_seconds))


def terms(app: App) -> Terms:
    """Return what has to be true of the agreement to a new case; raises as `consent` does."""
    found = consent(app)
    return Terms(found.people, found.cooling_seconds, found.valid_seconds, "consent")


def categories(app: App, named: Iterable[str]) -> tuple[str, ...]:
    """Return the categories of data that a hold or an exception is about.

    Raises:
        LychgateError: no field is of one of them, or of one below it, so that nothing would stay because of it.
    """
    there = {
        field.category
        for gateway in app.gateways.values()
        for spec in gateway.rules.connector.catalogue.values()
        for field in spec.fields.values()
    }
    found = tuple(map(str, named))
    for one in found:
        if not any(each == one or each.startswith(f"{one}.") for each in there):
            message = (
                f"no field of any CRM here is of category {one!r}{nearest(one, there)}, so nothing would be kept"
            )
            raise LychgateError(message)
    return found


def quorum(said: Consent, cases: int) -> int:
    """Return how many have to agree to so many cases in one go; 0: as many as each of them wants."""
    return said.bulk_people if cases >= many(said) else 0


def many(said: Consent) -> int:
    """Return from how many cases on it takes a quorum."""
    return min(BULK, said.bulk_more_than) + 1


def agreeing(app: App, shown: Request, said: Consent) -> Principal:
    """Return whose credential this is, if policy lets them agree.

    Raises:
        NotAgreed: it is nobody's, or policy does not.
    """
    for who in identified(app, shown):
        if isinstance(who, Principal) and who.roles & said.roles:
            return who
    raise NotAgreed("this credential is nobody's who may agree to an erasure, or its purpose is missing")


def still_agrees(app: App, assent: Assent) -> bool:
    """Say whether somebody who agreed may do so by the policies in force, and is not stopped.

    A token is not shown again: the roles count by which it agreed, as far as its client has them now.
    """
    of = app.pseudonyms.of
    client = assent.client or assent.who
    try:
        said = consent(app)
    except NotAgreed:
        return False
    if {assent.who, client} & {of("principal", name) for name in app.frozen.ids}:
        return False
    for gateway in app.gateways.values():
        for each in gateway.rules.policies.clients.values():
            roles = each.roles & said.roles if of("principal", each.name) == client else frozenset()
            if roles & {*assent.roles} if assent.subject and assent.roles else roles:
                return True
    return False


def identified(app: App, shown: Request) -> Iterator[Principal | ExchangeError]:
    """Yield who each lane's policies say that this is, or why they do not."""
    for gateway in app.gateways.values():
        try:
            yield gateway.rules.identifier.identify(shown).principal
        except ExchangeError as error:
            yield error


def somebody(app: App, shown: Request) -> Principal:
    """Return whose credential this is.

    Raises:
        LychgateError: it is nobody's.
    """
    for who in identified(app, shown):
        if isinstance(who, Principal):
            return who
    raise LychgateError("this credential is nobody's, or its purpose is missing")


def showing(asked: Mapping[str, Any]) -> Request:
    """Return a request that shows the credential of a command."""
    purpose = str(asked.get("purpose") or "")
    fields = [("authorization", f"Bearer {asked['key']}"), *([("x-purpose", purpose)] if purpose else [])]
    return Request("GET", "/", headers=Headers(tuple(fields)))


def agrees(app: App, who: Principal) -> bool:
    """Say whether policy lets somebody agree to erasures, and so do all else that belongs to them."""
    consents = (gateway.rules.policies.erasing.consent for gateway in app.gateways.values())
    return any(who.roles & one.roles for one in consents if one is not None)
