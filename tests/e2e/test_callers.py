"""Who asks: tokens of an identity provider, and client certificates; from the wire to the ledger."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceExpiredSession

from proxy.crypto import issue_client
from proxy.demo.installation import LaneOf
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, running
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed, until
from tests.e2e.sdks import Hubspot
from tests.e2e.wire import Line

ISSUER = "https://login.example.org"
ISSUERS = f"""
issuers:
  corp:
    issuer: {ISSUER}
    audience: lychgate
    algorithms: [ES256]
    jwks_file: jwks.json
    roles_claim: groups
    role_map: {{crm-support: support_agent, crm-leads: support_lead, crm-privacy: privacy_officer}}
lanes:
"""
CLIENTS = """
  portal:
    description: An application whose people sign in; who they are stands in their tokens.
    recipient: helpdesk_app
    roles: [support_agent, support_lead]
    purposes: [customer_support]
    default_purpose: customer_support
    kind: human
    jwt: {issuer: corp, claim: azp, value: portal}
  nightly:
    description: A job that proves who it is with a certificate.
    recipient: helpdesk_app
    roles: [support_lead]
    purposes: [customer_support]
    default_purpose: customer_support
    certificates: ["uri:spiffe://example.org/nightly", "dns:nightly.example.org"]
"""


def configured(text: str) -> str:
    """Return `lychgate.yaml` with an issuer, and a lane that wants a certificate and passes credentials on."""
    held = "credential: {file: state/credentials/salesforce, scheme: Bearer}"
    assert held in text
    text = text.replace(held, "credential: {passthrough: true}").replace("lanes:\n", ISSUERS, 1)
    return text.replace("localhost.key}", "localhost.key, client_ca: state/tls/ca.pem}")


@dataclass(frozen=True)
class Site:
    """An installation with an identity provider, and the CRMs behind it."""

    run: Installed
    org: SalesforceSandbox
    account: HubSpotSandbox
    key: ec.EllipticCurvePrivateKey

    def token(self, key: Any = None, *, algorithm: str = "ES256", kid: str = "k1", **claims: Any) -> str:
        """Return a token that is good but for what is given; a claim that is None is left out."""
        now = int(time.time())
        good = {"iss": ISSUER, "aud": "lychgate", "azp": "portal", "sub": "u-17", "groups": ["crm-support"]}
        content = good | {"iat": now - 5, "exp": now + 300} | claims
        content = {name: value for name, value in content.items() if value is not None}
        return jwt.encode(content, key or self.key, algorithm=algorithm, headers={"kid": kid})

    def certificate(self, **names: list[str]) -> tuple[str, str]:
        """Return the files of a client certificate of the installation's own authority."""
        certificate, key = issue_client(self.run.made.folder / "state" / "tls", "client", **names)
        return str(certificate), str(key)

    def salesforce(self, certificate: tuple[str, str] | None, session: str = CRM_TOKEN) -> Salesforce:
        """Return simple-salesforce with its CRM's own session id, behind a client certificate."""
        http = requests.Session()
        http.trust_env = False
        http.verify, http.cert = str(self.run.made.authority), certificate
        return Salesforce(instance_url=self.run.url("salesforce", "https"), session_id=session, session=http)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One installation for all tests here."""
    key = ec.generate_private_key(ec.SECP256R1())
    org, account = SalesforceSandbox(CRM_TOKEN), HubSpotSandbox(CRM_TOKEN)
    with running(org) as here, running(account) as there:
        lanes = {
            "salesforce": LaneOf(0, here.url, CRM_TOKEN, tls=True),
            "hubspot": LaneOf(0, there.url, CRM_TOKEN),
        }
        run = Installed.make(tmp_path_factory.mktemp("site") / "gateway", lanes, configured)
        public = json.loads(ECAlgorithm.to_jwk(key.public_key())) | {"kid": "k1", "use": "sig", "alg": "ES256"}
        (run.made.folder / "jwks.json").write_text(json.dumps({"keys": [public]}), "utf-8")
        clients = run.made.policies / "example" / "clients.yaml"
        clients.write_text(clients.read_text("utf-8") + CLIENTS, "utf-8")
        try:
            yield Site(run.up(), org, account, key)
            run.down()
            run.check_ledger()
        finally:
            run.kill()


# ---- tokens ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "phone"),
    [
        (["crm-support"], "*** *** 01"),  # mapped to support_agent
        (["crm-leads"], "+353 1 555 0101"),  # mapped to support_lead
        (["crm-support", "crm-leads"], "+353 1 555 0101"),  # grants add up
        (["crm-support", "crm-privacy", "admin"], "*** *** 01"),  # what the client may not have is no role
    ],
)
def test_roles_come_from_the_token_as_far_as_the_client_may_have_them(
    site: Site, groups: list[str], phone: str
) -> None:
    """Groups become roles by the issuer's map, and never more than the client is registered for."""
    shown = Hubspot(site.run, "", key=site.token(groups=groups)).basic.get_by_id("101", properties=["phone"])
    assert shown.properties["phone"] == phone


def test_a_person_is_a_pseudonym_in_the_ledger(site: Site) -> None:
    """Two people of one application are two principals; neither name nor token is written down."""
    decisions = []
    for subject in ("canary-anna", "canary-bert", "canary-anna"):
        with Line(site.run.ports["hubspot"], site.token(sub=subject)) as line:
            decisions.append(line.ask().decision)
    asked = [entry for entry in site.run.entries() if entry["id"] in decisions and entry["kind"] == "requested"]
    anna, bert, again = (entry["principal"] for entry in asked)
    assert anna == again != bert
    assert {entry["client"] for entry in asked} == {"portal"}
    assert "canary" not in json.dumps(site.run.entries())


def test_a_token_that_proves_nothing_is_401(site: Site) -> None:
    """Every way to be wrong is the same 401 for the caller, has its own reason in the ledger, and ends there."""
    now, stranger = int(time.time()), ec.generate_private_key(ec.SECP256R1())
    claims = {"iss": ISSUER, "aud": "lychgate", "azp": "portal", "sub": "u-17", "exp": now + 300}
    unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": "k1"})
    wrong = {
        "expired": site.token(exp=now - 120, iat=now - 200),
        "without an end": site.token(exp=None),
        "living too long": site.token(exp=now + 90_000),
        "not yet": site.token(nbf=now + 300),
        "for somebody else": site.token(aud="another"),
        "of nobody we know": site.token(iss="https://evil.example.org"),
        "for no client": site.token(azp="another"),
        "signed by a stranger": site.token(stranger),
        "with a key nobody has": site.token(kid="k2"),
        "unsigned": unsigned,
        "signed with what is public": site.token("0123456789abcdef" * 4, algorithm="HS256"),
        "cut off": site.token()[:-8],
    }
    before, reasons = len(site.account.calls), set()
    for what, token in wrong.items():
        with Line(site.run.ports["hubspot"], token) as line:
            got = line.ask()
        assert (what, got.status, got.tree["category"]) == (what, 401, "INVALID_AUTHENTICATION")
        (entry,) = [entry for entry in site.run.entries() if entry["id"] == got.decision]
        assert (entry["kind"], entry["stage"], entry["principal"]) == ("declined", "identity", "")
        reasons.add(entry["reason"])
    assert len(reasons) > 6
    assert len(site.account.calls) == before


def test_a_token_without_a_usable_role_is_403(site: Site) -> None:
    """Somebody who is known and has nothing to do here is refused, not unknown."""
    with Line(site.run.ports["hubspot"], site.token(groups=["crm-privacy"])) as line:
        got = line.ask()
    assert (got.status, site.run.told(got.decision)) == (403, ["declined"])


# ---- certificates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", [{"uris": ["spiffe://example.org/nightly"]}, {"names": ["nightly.example.org"]}]
)
def test_a_certificate_is_the_caller(site: Site, names: dict[str, list[str]]) -> None:
    """simple-salesforce behind a client certificate keeps its own CRM session; the certificate says who asks."""
    nightly = site.salesforce(site.certificate(**names))
    record = nightly.query("SELECT Id, Phone, SSN__c FROM Contact ORDER BY Id LIMIT 1")["records"][0]
    nightly.session.close()
    assert record["Phone"] == "+353 1 555 0101"
    assert "SSN__c" not in record
    assert site.org.calls[-1].bearer() == CRM_TOKEN
    last = site.run.entries()[-1]
    assert (last["kind"], last["client"]) == ("disclosed", "nightly")


def test_a_certificate_for_a_name_nobody_registered_is_401(site: Site) -> None:
    """Being signed by the right authority is not enough: the name has to be somebody's."""
    stranger = site.salesforce(site.certificate(names=["stranger.example.org"]))
    with pytest.raises(SalesforceExpiredSession):
        stranger.query("SELECT Id FROM Contact")
    stranger.session.close()
    last = site.run.entries()[-1]
    assert (last["kind"], last["reason"]) == ("declined", "unknown_client")


def test_the_crms_own_refusal_of_a_session_reaches_the_caller(site: Site) -> None:
    """On a lane that passes credentials on, a wrong CRM session is the CRM's 401, in its shape."""
    nightly = site.salesforce(site.certificate(names=["nightly.example.org"]), session="stale-session")
    with pytest.raises(SalesforceExpiredSession) as raised:
        nightly.query("SELECT Id FROM Contact")
    nightly.session.close()
    assert raised.value.content == [
        {"message": "Session expired or invalid.", "errorCode": "INVALID_SESSION_ID"}
    ]


def test_without_a_certificate_nobody_gets_in(site: Site, tmp_path: Path) -> None:
    """No certificate, and one of another authority, end the handshake; each attempt is on record."""
    foreign, key = issue_client(tmp_path, "client", ["nightly.example.org"])

    def failures() -> int:
        return sum(entry.get("reason") == "tls_handshake_failed" for entry in site.run.entries())

    before = failures()
    for certificate in (None, (str(foreign), str(key))):
        caller = site.salesforce(certificate)
        with pytest.raises(requests.exceptions.ConnectionError):
            caller.query("SELECT Id FROM Contact")
        caller.session.close()
    until(lambda: failures() == before + 2)


def test_a_key_beside_a_certificate_is_one_too_many(site: Site) -> None:
    """Two proofs of identity could be two people: neither counts."""
    caller = site.salesforce(site.certificate(names=["nightly.example.org"]))
    caller.session.headers["X-Lychgate-Key"] = site.run.keys["helpdesk"]
    with pytest.raises(SalesforceExpiredSession):
        caller.query("SELECT Id FROM Contact")
    caller.session.close()
    assert site.run.entries()[-1]["reason"] == "two_credentials"
