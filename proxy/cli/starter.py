"""What `lychgate init` writes: a configuration that starts as it is, and says what to change."""

from string import Template
from typing import Final

UPSTREAMS: Final = {
    "salesforce": "https://example.my.salesforce.com",
    "hubspot": "https://api.hubapi.com",
    "pipedrive": "https://example.pipedrive.com",
    "zoho": "https://www.zohoapis.com",
    "suitecrm": "https://suitecrm.example.org",
    "tryton": "https://tryton.example.org",
    "odoo": "https://odoo.example.org",
    "dynamics": "https://example.crm4.dynamics.com",
}
"""By connector; where the origin is one's own, a name that nobody can register (RFC 2606)."""

_CONFIG: Final = Template("""\
# yaml-language-server: $$schema=.lychgate/schema.json
# What Lychgate enforces, and where. `lychgate run --check` says what this file means, without listening.
# Paths are taken from the folder of this file. Nothing secret stands here: secrets are named by file or
# environment variable.
apiVersion: lychgate.dev/v1
kind: Gateway

state: state                    # keys, certificates and the ledger; only the service account may read it
policies: policies              # vocabulary, rules and connectors: what you review and version
# policies: {git: ., revision: main, path: policies}   # as they are committed, not as they are being edited
# reload: {watch: true}         # take up changes by themselves, not only on SIGHUP
admin: 127.0.0.1:9464           # /metrics, /ready, /healthz; answers this machine only
drain_seconds: 10               # how long exchanges under way may take to finish after SIGTERM
# workers: 2                   # processes that serve side by side, for more than one core

# Who may sign the tokens of your callers. A client in the vocabulary refers to an issuer by its name here.
# issuers:
#   corp:
#     issuer: https://login.example.org         # the exact `iss`
#     audience: lychgate                        # what must stand in `aud`
#     algorithms: [RS256, ES256]                # asymmetric ones only
#     jwks_url: https://login.example.org/keys  # or jwks_file
#     roles_claim: groups
#     role_map: {crm-support: support_agent}    # claim value: role
#     max_lifetime_seconds: 3600

# One lane is one listener in front of one CRM.
lanes:
  - name: $crm
    listen: 127.0.0.1:8443
    tls:
      certificate: state/tls/localhost.pem      # signed by state/tls/ca.pem, which your clients must trust
      key: state/tls/localhost.key
      # client_ca: state/tls/ca.pem             # ask clients for a certificate signed by this authority
    upstream:
      url: $upstream
      # ca_file: crm-ca.pem                     # if the CRM's certificate is not publicly trusted
    credential:
      # The client sends its own CRM credential in `Authorization`, and its Lychgate key in `X-Lychgate-Key`.
      passthrough: true
      # Better: the CRM's credential stays here, and clients only ever hold a Lychgate key. Instead of the
      # line above, write one of these; the file holds one line and has mode 0600:
      # file: state/credentials/$crm
      # env: CRM_CREDENTIAL
    connector: $crm
    body_limit_mib: 16
    deadline_seconds: 30
    # requests_per_second: 20                   # of one caller; without it there is no limit
""")


def configuration(crm: str, upstream: str) -> str:
    """Return the text of a `lychgate.yaml` with one lane.

    Args:
        crm: name of the connector, and of the lane.
        upstream: the CRM's origin, checked to be one.
    """
    return _CONFIG.substitute(crm=crm, upstream=upstream)
