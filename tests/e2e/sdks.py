"""The unmodified SDKs, pointed at a lane instead of at their CRM; that is all a user changes."""

from typing import Any

import hubspot
import requests
from simple_salesforce.api import Salesforce

from tests.e2e.processes import Installed


def salesforce(run: Installed, client: str, purpose: str | None = None, *, key: str | None = None) -> Salesforce:
    """Return simple-salesforce, whose session id is a Lychgate key, over TLS."""
    session = requests.Session()
    session.trust_env = False  # REQUESTS_CA_BUNDLE would win over `verify` below
    session.verify = str(run.made.authority)
    if purpose is not None:
        session.headers["X-Purpose"] = purpose
    url = run.url("salesforce", "https")
    return Salesforce(instance_url=url, session_id=key or run.keys[client], session=session)


class Hubspot:
    """hubspot-api-client, whose access token is a Lychgate key."""

    def __init__(
        self, run: Installed, client: str, purpose: str | None = None, *, key: str | None = None
    ) -> None:
        self._purpose = purpose
        self.client = hubspot.Client.create(access_token=key or run.keys[client], host=run.url("hubspot"))

    def _with_purpose(self, api: Any) -> Any:
        if self._purpose is not None:
            api.api_client.set_default_header("X-Purpose", self._purpose)
        return api

    @property
    def basic(self) -> Any:
        """Contacts one by one."""
        return self._with_purpose(self.client.crm.contacts.basic_api)

    @property
    def batch(self) -> Any:
        """Contacts many at a time."""
        return self._with_purpose(self.client.crm.contacts.batch_api)

    @property
    def search(self) -> Any:
        """Contacts by what they hold."""
        return self._with_purpose(self.client.crm.contacts.search_api)

    def api(self, name: str) -> Any:
        """Return one of the SDK's interfaces to the CRM, `deals.basic`."""
        found = self.client.crm
        *parts, last = name.split(".")
        for part in parts:
            found = getattr(found, part)
        return self._with_purpose(getattr(found, f"{last}_api"))

    @property
    def companies(self) -> Any:
        """Companies one by one."""
        return self._with_purpose(self.client.crm.companies.basic_api)
