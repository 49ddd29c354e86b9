"""Identification as a whole, by the ids of the threat catalogue, section 3.8."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace

import pytest
from jwt.algorithms import HMACAlgorithm

from proxy.errors import ExchangeError, Gap, Problems, Refused, Unavailable, Undecodable, Unidentified
from proxy.identity import Identifier, JwksKeys, mint

NOW = 1_800_000_000
KEY = "lg_" + "A" * 43
KEY_OF_MAILER = "lg_" + "B" * 43
AS_HELPDESK = ("x-lychgate-key", KEY)


def bearer(text):
    """Return the header field of a bearer credential."""
    return ("authorization", f"Bearer {text}")


def basic(user, password):
    """Return the header field of user and password."""
    return ("authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode())


def refusal(identifier, request, **how):
    """Return the error that a request ends with."""
    with pytest.raises(ExchangeError) as caught:
        identifier.identify(request, **how)
    assert caught.value.__cause__ is None
    return caught.value


# ---- who --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field",
    [
        AS_HELPDESK,  # our own header
        bearer(KEY),  # what REST SDKs can send
        ("authorization", f"bearer  {KEY} "),  # schemes are case-insensitive (RFC 9110 §11.1)
        basic("anybody", KEY),  # what XML-RPC clients can send
        basic("", KEY),  # the user is not looked at
    ],
)
def test_api_key_in_each_place(identifier, ask, field):
    """An API key identifies its client in each of the three headers that may hold it."""
    who = identifier.identify(ask(field)).principal
    assert (who.id, who.client, who.via) == ("helpdesk", "helpdesk", "api_key")
    assert who.roles == {"support_agent"}
    assert who.recipient.name == "acme"


@pytest.mark.parametrize("san", ["dns:mailer.example", "uri:spiffe://example/mailer"])
def test_certificate_names_its_client(identifier, ask, san):
    """A verified certificate name identifies the client that lists it, among names that nobody lists."""
    request = ask(("x-purpose", "newsletter"), sans=("dns:nobody.example", san))
    who = identifier.identify(request).principal
    assert (who.id, who.via) == ("mailer", "mtls")


def test_token_names_user_and_client(identifier, ask, idp):
    """A token's principal is client and subject, with the kind and recipient of the registration."""
    who = identifier.identify(ask(bearer(idp.token()))).principal
    assert (who.id, who.client, who.via, who.kind) == ("portal/u-17", "portal", "jwt", "human")
    assert who.roles == {"support_agent"}


def test_unlisted_certificate_is_nobody(identifier, ask):
    """A certificate that the data plane trusts still needs a registered name."""
    assert refusal(identifier, ask(sans=("dns:other.example",))).reason == "unknown_client"


def test_certificate_of_two_clients_is_nobody(identifier, clients, clock, ask):
    """A certificate that carries the names of two clients is neither."""
    clients["helpdesk"] = replace(clients["helpdesk"], sans=frozenset({"dns:helpdesk.example"}), jwt={})
    two = Identifier({name: clients[name] for name in ("helpdesk", "mailer")}, {}, clock)
    request = ask(sans=("dns:helpdesk.example", "dns:mailer.example"))
    assert refusal(two, request).reason == "ambiguous_client"


def test_id01_claims_about_oneself_change_nothing(identifier, ask):
    """ID-01: role and user headers in any spelling neither count nor go on."""
    lies = [
        ("x-role", "admin"),
        ("x-role", "dpo"),
        ("x-user-role", "admin"),
        ("x_role", "admin"),
        ("x-user", "1"),
    ]
    found = identifier.identify(ask(AS_HELPDESK, *lies, ("x_purpose", "fraud"), ("accept", "*/*")))
    assert found.principal.roles == {"support_agent"}
    assert found.purpose.name == "customer_support"
    assert found.request.headers.fields == (("accept", "*/*"),)


def test_id02_what_a_front_proxy_would_say_changes_nothing(identifier, ask):
    """ID-02: trusted-looking identity headers neither authenticate nor go on."""
    lies = [
        ("x-forwarded-user", "admin"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-client-cert", "Hash=00;URI=spiffe://example/mailer"),
        ("forwarded", "for=127.0.0.1"),
        ("remote-user", "admin"),
        ("remote_user", "admin"),
        ("x-ssl-client-s-dn", "CN=admin"),
        ("xfcc", "By=x"),
        ("client-cert", ":AA==:"),
    ]
    assert refusal(identifier, ask(*lies)).reason == "no_credential"
    assert identifier.identify(ask(AS_HELPDESK, *lies)).request.headers.fields == ()


@pytest.mark.parametrize("name", ["mscrmcallerid", "callerobjectid", "sforce-call-options", "as-user"])
def test_id03_impersonation_headers_do_not_go_on(identifier, ask, name):
    """ID-03: no header that makes the CRM act for somebody else goes on."""
    assert identifier.identify(ask(AS_HELPDESK, (name, "005x"))).request.headers.fields == ()


# ---- tokens that prove nothing ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["none", "NoNe", "NONE", "", "HS256", "HS512", "RS1", "ES256K", "RS512", "rs256", 7, None]
)
def test_id04_algorithm_is_the_issuers_choice(identifier, ask, idp, name):
    """ID-04: an algorithm that is not on the issuer's list is refused, whatever the signature."""
    token = idp.token(head={"alg": name})
    assert refusal(identifier, ask(bearer(token))).reason == "algorithm_refused"


def test_id04_unsigned_token(identifier, ask, idp):
    """ID-04: a token without a signature is refused before its header is believed."""
    token = idp.token(head={"alg": "none"}).rpartition(".")[0] + "."
    assert refusal(identifier, ask(bearer(token))).reason == "malformed_token"


def test_id04_hmac_with_the_public_key(identifier, ask, idp):
    """ID-04: an HS256 token made with the public key as its secret is refused."""
    signed = idp.token(head={"alg": "HS256"}).rpartition(".")[0]
    mac = HMACAlgorithm(HMACAlgorithm.SHA256).sign(signed.encode(), idp.jwks("rsa"))
    token = f"{signed}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert refusal(identifier, ask(bearer(token))).reason == "algorithm_refused"


def test_id04_key_of_another_kind(identifier, ask, idp):
    """ID-04: a kid is only good for the algorithms of its own key."""
    token = idp.token(kid="rsa", head={"kid": "ec"})
    assert refusal(identifier, ask(bearer(token))).reason == "unknown_kid"


@pytest.mark.parametrize(
    "kid",
    [
        "../../../../dev/null",  # traversal
        "x' UNION SELECT 'secret",  # SQL
        "RSA",  # case is not folded
        "rsa\x00",
        "",
        7,
        None,
        ["rsa"],
    ],
)
def test_id04_kid_is_a_name_and_nothing_else(identifier, ask, idp, kid):
    """ID-04: a kid that is not in the set is refused; nothing is opened, asked or converted."""
    assert refusal(identifier, ask(bearer(idp.token(head={"kid": kid})))).reason == "unknown_kid"


@pytest.mark.parametrize(
    "extra",
    [
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/x.pem"},
        {"jwk": {"kty": "RSA"}},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"b64": False},
        {"zip": "DEF"},
        {"cty": "JWT"},  # a token inside a token
    ],
)
def test_id04_token_that_brings_its_own_rules(identifier, ask, idp, extra):
    """ID-04: a header that points at a key or changes the reading is refused, however well signed."""
    assert refusal(identifier, ask(bearer(idp.token(head=extra)))).reason == "forbidden_token_header"


def test_id04_encrypted_token(identifier, ask):
    """ID-04: a JWE is refused by its shape."""
    assert refusal(identifier, ask(bearer("a.b.c.d.e"))).reason == "encrypted_token"


def test_id04_duplicate_claims(identifier, ask, idp):
    """ID-04: a claim or header member that stands there twice is refused, though the signature is good."""
    head, claims = b'{"alg":"RS256","kid":"rsa"}', b'{"iss":"https://id.example","sub":"a","sub":"b"}'
    twice = b'{"alg":"none","alg":"RS256","kid":"rsa"}'
    for token in (idp.sign(head, claims), idp.sign(twice, b"{}")):
        assert refusal(identifier, ask(bearer(token))).reason == "malformed_token"


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", 7, None, ""])
def test_id04_token_of_another_kind(identifier, ask, idp, kind):
    """ID-04: a token that its issuer made for something else than access is refused."""
    assert refusal(identifier, ask(bearer(idp.token(head={"typ": kind})))).reason == "wrong_token_type"


def test_id04_signature_of_a_stranger(identifier, ask, stranger):
    """ID-04: the right kid with another key's signature is refused."""
    assert refusal(identifier, ask(bearer(stranger.token()))).reason == "bad_signature"


def test_id04_changed_claims(identifier, ask, idp):
    """ID-04: claims under another token's signature are refused."""
    head, _, signature = idp.token().split(".")
    payload = idp.token(sub="u-1").split(".")[1]
    assert refusal(identifier, ask(bearer(f"{head}.{payload}.{signature}"))).reason == "bad_signature"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": None}, "token_without_expiry"),
        ({"exp": NOW - 30}, "token_expired"),  # the end of the leeway
        ({"exp": NOW - 86_400}, "token_expired"),  # a clock off by a day
        ({"exp": str(NOW + 60)}, "bad_token_time"),
        ({"exp": NOW + 60.5}, "bad_token_time"),
        ({"exp": True}, "bad_token_time"),
        ({"exp": 10**30}, "token_lives_too_long"),
        ({"exp": -(10**30)}, "token_expired"),
        ({"exp": NOW + 3591}, "token_lives_too_long"),  # iat is ten seconds ago
        ({"exp": NOW + 3601, "iat": None}, "token_lives_too_long"),
        ({"nbf": NOW + 31}, "token_not_yet_valid"),
        ({"nbf": "now"}, "bad_token_time"),
        ({"iat": NOW + 31}, "token_not_yet_valid"),
        ({"iat": float(NOW)}, "bad_token_time"),
        ({"aud": "other"}, "wrong_audience"),
        ({"aud": "Lychgate"}, "wrong_audience"),
        ({"aud": "lychgate2"}, "wrong_audience"),
        ({"aud": ["other"]}, "wrong_audience"),
        ({"aud": ["lychgate", 7]}, "wrong_audience"),
        ({"aud": {"lychgate": 1}}, "wrong_audience"),
        ({"aud": []}, "wrong_audience"),
        ({"aud": None}, "wrong_audience"),
        ({"iss": "https://id.example/"}, "unknown_issuer"),
        ({"iss": "https://evil.example"}, "unknown_issuer"),
        ({"iss": ["https://id.example"]}, "unknown_issuer"),
        ({"iss": None}, "unknown_issuer"),
    ],
)
def test_id05_claims_are_exact(identifier, ask, idp, claims, reason):
    """ID-05: times are integers within bounds, and audience and issuer are ours to the letter."""
    assert refusal(identifier, ask(bearer(idp.token(**claims)))).reason == reason


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 29},  # inside the leeway
        {"nbf": NOW + 30, "iat": NOW + 30},
        {"aud": ["other", "lychgate"]},  # RFC 7519 §4.1.3
        {"iat": None},
        {"exp": NOW + 3590},  # the longest life
    ],
)
def test_id05_edges_that_are_fine(identifier, ask, idp, claims):
    """ID-05: what is inside the bounds is accepted."""
    assert identifier.identify(ask(bearer(idp.token(**claims)))).principal.client == "portal"


@pytest.mark.parametrize("kid", ["rsa", "ec", "ed"])
def test_each_kind_of_key(identifier, ask, idp, kid):
    """RSA, elliptic-curve and Edwards signatures are all verified."""
    assert identifier.identify(ask(bearer(idp.token(kid=kid)))).principal.id == "portal/u-17"


def test_rsa_key_serves_pss_as_well(identifier, ask, idp):
    """A key without `alg` serves every algorithm of its kind that the issuer lists."""
    assert identifier.identify(ask(bearer(idp.token(alg="PS256")))).principal.id == "portal/u-17"


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,  # refused by length, not by parsing
        "a" * 8186,  # `Bearer ` and this is one more than 8192
    ],
)
def test_id06_long_token(identifier, ask, text):
    """ID-06: a credential over 8 KiB is refused before it is read."""
    assert refusal(identifier, ask(bearer(text))).reason == "token_too_large"


def test_id06_deeply_nested_token(identifier, ask, idp):
    """ID-06: JSON nested as deep as the size allows is refused, not a crash."""
    token = idp.sign(b'{"alg":"RS256","kid":"rsa"}', b"[" * 4000 + b"]" * 500)
    assert refusal(identifier, ask(bearer(token))).reason == "malformed_token"


@pytest.mark.parametrize(
    "text",
    [
        "abc",  # neither a key nor a token
        "a.b",
        "a.b.c.d",
        "..",
        "e30.e30.",
        "e31.e30.AA",  # spare bits set: a second spelling of the same bytes
        "e30.e30.A",  # no length base64 has
        "W10.e30.AA",  # a list for a header
        "eyJhbGciOk5hTn0.e30.AA",  # NaN
        "_w.e30.AA",  # not UTF-8
    ],
)
def test_malformed_tokens(identifier, ask, text):
    """A token that cannot be read in exactly one way is refused."""
    assert refusal(identifier, ask(bearer(text))).reason == "malformed_token"


def test_id07_bound_token_does_not_work_unbound(identifier, ask, idp):
    """ID-07: a token that is bound to a key is refused, since nothing here could check that key."""
    token = idp.token(cnf={"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"})
    assert refusal(identifier, ask(bearer(token))).reason == "bound_token"


# ---- how many, and where ----------------------------------------------------------------------------------


def test_id08_one_credential_only(identifier, ask, idp):
    """ID-08: two credentials are refused, even when both are good and the same client's."""
    for fields, sans in [
        ((bearer(KEY), bearer(KEY)), ()),
        ((AS_HELPDESK, AS_HELPDESK), ()),
        ((AS_HELPDESK, bearer(KEY)), ()),
        ((AS_HELPDESK, bearer(idp.token())), ()),
        ((bearer(KEY_OF_MAILER),), ("dns:mailer.example",)),
        ((AS_HELPDESK, ("authorization", "")), ()),
    ]:
        assert refusal(identifier, ask(*fields, sans=sans)).reason == "two_credentials"


def test_id08_query_and_cookie_hold_no_credential(identifier, ask, idp):
    """ID-08: a token in the query, in a cookie or in another header is not looked at."""
    fields = [("cookie", f"sid={KEY}"), ("x-api-key", KEY), ("proxy-authorization", f"Bearer {KEY}")]
    request = ask(*fields, query=f"access_token={idp.token()}&api_key={KEY}")
    assert refusal(identifier, request).reason == "no_credential"


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (basic("user", "password"), "unknown_key"),
        (("authorization", "Basic !!!"), "malformed_credential"),
        (("authorization", "Basic /w=="), "malformed_credential"),  # not UTF-8
        (("authorization", "Basic bm9jb2xvbg=="), "no_credential"),  # no password
        (("authorization", "Digest x"), "unknown_scheme"),
        (("authorization", "Negotiate YII="), "unknown_scheme"),  # would bind to the connection
        (("authorization", f"Bearer {KEY}, {KEY}"), "malformed_credential"),
        (bearer("e30=.e30.AA"), "malformed_credential"),  # padding inside
        (bearer("lg_" + "C" * 43), "unknown_key"),
        (bearer(KEY + "A"), "unknown_key"),
        (bearer(KEY.upper()), "malformed_token"),
        (("x-lychgate-key", KEY[3:]), "unknown_key"),
        (("x-lychgate-key", "lg_" + "é" * 43), "unknown_key"),
    ],
)
def test_id08_credentials_of_no_use(identifier, ask, field, reason):
    """ID-08: a password that is no key of ours, an unknown scheme and an unknown key are refused."""
    assert refusal(identifier, ask(field)).reason == reason


def test_id09_no_credential_goes_on(identifier, ask):
    """ID-09: neither the client's CRM session nor its proof to us is in the request that goes on."""
    session = [("cookie", "sid=00D"), ("proxy-authorization", "Basic eA=="), ("accept", "application/json")]
    found = identifier.identify(ask(bearer(KEY), *session))
    assert found.request.headers.fields == (("accept", "application/json"),)
    assert KEY not in repr(found.request)


def test_id09_passthrough_keeps_exactly_the_crm_credential(identifier, ask):
    """ID-09: on a passthrough lane `Authorization` goes on untouched, and ours does not."""
    crm = ("authorization", "Session YWxhZGRpbg==")
    found = identifier.identify(ask(AS_HELPDESK, crm, ("cookie", "sid=1")), passthrough=True)
    assert found.request.headers.fields == (crm,)
    assert found.principal.client == "helpdesk"


def test_id09_passthrough_with_certificate(identifier, ask):
    """ID-09: a certificate identifies on a passthrough lane as well."""
    crm = ("authorization", "Bearer 00Dxx!AQ")
    request = ask(crm, ("x-purpose", "newsletter"), sans=("dns:mailer.example",))
    found = identifier.identify(request, passthrough=True)
    assert found.request.headers.fields == (crm,)


@pytest.mark.parametrize("field", [bearer(KEY), basic("x", KEY), basic(KEY, "x"), ("authorization", KEY)])
def test_id09_passthrough_never_sends_our_key_to_the_crm(identifier, ask, field):
    """ID-09: an API key of ours where the CRM's credential belongs is refused, not forwarded."""
    assert refusal(identifier, ask(AS_HELPDESK, field), passthrough=True).reason == "misplaced_key"


def test_id09_passthrough_crm_credential_does_not_identify(identifier, ask, idp):
    """ID-09: on a passthrough lane a token in `Authorization` is the CRM's and proves nothing to us."""
    assert refusal(identifier, ask(bearer(idp.token())), passthrough=True).reason == "no_credential"


def test_id10_every_request_proves_itself(identifier, ask, idp):
    """ID-10: a request is nobody's, whatever the requests before it on the same connection proved."""
    identifier.identify(ask(bearer(KEY)))
    identifier.identify(ask(bearer(idp.token())))
    assert refusal(identifier, ask()).reason == "no_credential"


# ---- what for ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "name", "claimed"),
    [
        ((), "customer_support", None),  # the default
        ((("x-purpose", "fraud"),), "fraud", "fraud"),  # registered
        ((("x-purpose", "newsletter"),), "customer_support", "newsletter"),  # another client's
        ((("x-purpose", "jane.doe"),), "customer_support", "(unknown)"),  # nobody's: might be anything
    ],
)
def test_id11_purpose_is_never_wider_than_registered(identifier, ask, header, name, claimed):
    """ID-11: a claim counts only if registered, else the default does; both are kept for the ledger."""
    purpose = identifier.identify(ask(AS_HELPDESK, *header)).purpose
    assert (purpose.name, purpose.claimed) == (name, claimed)


@pytest.mark.parametrize(
    ("header", "reason"),
    [((), "purpose_required"), ((("x-purpose", "fraud"),), "purpose_not_registered")],
)
def test_id11_no_default_no_purpose(identifier, ask, header, reason):
    """ID-11: a client without a default has no purpose unless it claims one of its own."""
    error = refusal(identifier, ask(("x-lychgate-key", KEY_OF_MAILER), *header))
    assert isinstance(error, Gap)
    assert (error.kind, error.reason, error.status) == ("purpose", reason, 403)


@pytest.mark.parametrize(
    "value", ["", "Fraud", "fraud ", "fraud,customer_support", "fraud\tx", "f" * 65, "fräud"]
)
def test_id11_purpose_header_is_a_name(identifier, ask, value):
    """ID-11: a purpose header that is no name is refused rather than repaired."""
    error = refusal(identifier, ask(AS_HELPDESK, ("x-purpose", value)))
    assert isinstance(error, Undecodable)
    assert error.reason == "bad_purpose"


def test_id11_two_purposes_are_none(identifier, ask):
    """ID-11: two purpose headers are refused, even if they agree."""
    request = ask(AS_HELPDESK, ("x-purpose", "fraud"), ("x-purpose", "fraud"))
    assert refusal(identifier, request).reason == "repeated_header"


# ---- roles, and their end ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        (["crm-support", "crm-leads"], {"support_agent", "support_lead"}),
        ("crm-leads", {"support_lead"}),
        (["crm-support", "dpo", "staff"], {"support_agent"}),  # the client's roles are the upper bound
    ],
)
def test_roles_come_through_the_map(identifier, ask, idp, groups, roles):
    """A token's roles are those its claims map to, never more than its client's."""
    assert identifier.identify(ask(bearer(idp.token(groups=groups)))).principal.roles == roles


@pytest.mark.parametrize(
    "groups", [None, [], ["dpo"], ["support_agent"], {"crm-support": True}, ["crm-support", 1], 7]
)
def test_token_without_a_role(identifier, ask, idp, groups):
    """A token that gives no role is refused, and says which client."""
    error = refusal(identifier, ask(bearer(idp.token(groups=groups))))
    assert isinstance(error, Refused)
    assert (error.reason, error.detail, error.status) == ("no_role", "portal", 403)


def test_id12_frozen_at_once(clients, issuer, clock, ask, idp):
    """ID-12: a frozen principal or client is refused on the next call, though its token was just verified."""
    frozen = set()
    identifier = Identifier(clients, {"corp": issuer}, clock, frozen=frozen)
    request = ask(bearer(idp.token()))
    for name in ("portal/u-17", "portal"):
        identifier.identify(request)
        frozen.add(name)
        assert refusal(identifier, request).reason == "principal_frozen"
        frozen.clear()


def test_id12_role_removed_on_reload(clients, issuer, clock, ask, idp):
    """ID-12: what a reload takes from a client is gone from tokens that still live."""
    request = ask(bearer(idp.token(groups=["crm-support", "crm-leads"])))
    Identifier(clients, {"corp": issuer}, clock).identify(request)
    clients["portal"] = replace(clients["portal"], roles=frozenset({"support_lead"}))
    assert Identifier(clients, {"corp": issuer}, clock).identify(request).principal.roles == {"support_lead"}


def test_id12_verified_token_ends_with_its_time(identifier, clock, ask, idp):
    """ID-12: a token in the cache of verified ones is expired at the same second as any other."""
    request = ask(bearer(idp.token(exp=NOW + 20)))
    for at in range(NOW, NOW + 50):
        clock.at = at
        identifier.identify(request)
    clock.at = NOW + 50
    assert refusal(identifier, request).reason == "token_expired"


def test_id12_withdrawn_key_ends_its_tokens(clients, make_issuer, clock, ask, idp):
    """ID-12: once an issuer withdraws a key, tokens signed with it are refused although just verified."""
    kids = ["rsa", "ec"]
    keys = JwksKeys(lambda: idp.jwks(*kids), clock=clock, spawn=lambda work: work())
    identifier = Identifier(clients, {"corp": make_issuer(keys=keys)}, clock)
    request = ask(bearer(idp.token()))
    identifier.identify(request)
    kids.remove("rsa")
    keys.refresh()
    assert refusal(identifier, request).reason == "unknown_kid"


def test_keys_too_old_refuse_tokens_and_nobody_else(clients, make_issuer, clock, ask, idp):
    """Without keys every token is refused with 503, and API keys go on working."""
    identifier = Identifier(clients, {"corp": make_issuer(keys=JwksKeys(_down, clock=clock, spawn=_now))}, clock)
    error = refusal(identifier, ask(bearer(idp.token())))
    assert isinstance(error, Unavailable)
    assert error.reason == "jwks_unavailable"
    assert identifier.identify(ask(bearer(KEY))).principal.client == "helpdesk"


def test_verified_token_costs_one_signature_check(identifier, ask, idp, monkeypatch):
    """The second request with a token does not check its signature again."""
    request = ask(bearer(idp.token()))
    first = identifier.identify(request)
    monkeypatch.setattr("proxy.identity.identify.verify", _down)
    assert identifier.identify(request) == first


@pytest.mark.parametrize(
    "subject",
    [
        "u\n1",  # a second log line
        "u\u202e1",  # right-to-left override
        "u\u0000",
        "u\u2028x",
        "e\u0301",  # é in two code points: another spelling of the same name
        "",
        7,
        None,
        "x" * 122,  # `portal/` and this is 129
        "\ud800",
    ],
)
def test_id13_subject_is_one_printable_name(identifier, ask, idp, subject):
    """ID-13: a subject that could be taken for another, or that rewrites a log, is refused."""
    assert refusal(identifier, ask(bearer(idp.token(sub=subject)))).reason == "bad_subject"


def test_id13_lookalikes_are_other_people(identifier, ask, idp):
    """ID-13: names that look alike are different principals, and no role comes from a name."""
    found = [
        identifier.identify(ask(bearer(idp.token(sub=sub)))).principal for sub in ("admin", "Admin", "аdmin")
    ]
    assert len({who.id for who in found}) == 3
    assert {who.roles for who in found} == {frozenset({"support_agent"})}


def test_id13_longest_subject(identifier, ask, idp):
    """ID-13: an id of exactly 128 characters is accepted."""
    assert len(identifier.identify(ask(bearer(idp.token(sub="x" * 121)))).principal.id) == 128


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (("authorization", ""),),
        (("authorization", "Bearer"),),
        (("authorization", "Bearer "),),
        (("authorization", "Bearer    "),),
        (("authorization", "Basic "),),
        (("x-lychgate-key", ""),),
        (("x-lychgate-key", "  "),),
    ],
)
def test_id14_no_credential(identifier, ask, fields):
    """ID-14: a missing or empty credential has one answer."""
    error = refusal(identifier, ask(*fields))
    assert isinstance(error, Unidentified)
    assert (error.reason, error.status, error.detail) == ("no_credential", 401, "")


def test_id15_partner_with_a_human_role(identifier, ask, idp):
    """ID-15: a token of the partner's client has no more than the partner's roles, whatever it claims."""
    token = idp.token(azp="partner", groups=["crm-support", "crm-leads", "m"])
    who = identifier.identify(ask(bearer(token))).principal
    assert (who.client, who.roles, who.recipient.name, who.kind) == (
        "partner",
        {"marketer"},
        "mailer_us",
        "agent",
    )


@pytest.mark.parametrize("azp", ["nobody", "Portal", ["portal"], None, 7])
def test_id15_token_of_no_client(identifier, ask, idp, azp):
    """ID-15: a well-signed token that no client is registered for is nobody's."""
    assert refusal(identifier, ask(bearer(idp.token(azp=azp)))).reason == "unknown_client"


# ---- the rest ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["x-http-method-override", "x-http-method", "x-method-override", "x_http_method_override"]
)
def test_method_override_is_refused(identifier, ask, name):
    """A header that would change the method is refused before anything else is looked at."""
    error = refusal(identifier, ask((name, "GET")))
    assert isinstance(error, Undecodable)
    assert (error.reason, error.status) == ("method_override", 400)


def test_fresh_key_identifies(clients, clock, ask):
    """A key made by `mint` identifies the client that lists its SHA-256."""
    key = mint(lambda size: bytes(range(size)))
    digests = frozenset({hashlib.sha256(key.encode()).hexdigest()})
    only = {"helpdesk": replace(clients["helpdesk"], key_digests=digests)}
    assert Identifier(only, {}, clock).identify(ask(bearer(key))).principal.client == "helpdesk"


def test_two_issuers_of_one_name(clients, issuer, clock):
    """Two issuers that sign as the same `iss` cannot be loaded."""
    with pytest.raises(Problems, match="LG406"):
        Identifier(clients, {"corp": issuer, "other": issuer}, clock)


def test_errors_hold_nothing_of_the_credential(identifier, ask, idp):
    """No error text holds any part of what the caller sent."""
    for value in ("canary", "lg_canary", "canary.canary.canary", idp.token(sub="canary\n")):
        error = refusal(identifier, ask(bearer(value)))
        assert "canary" not in f"{error!r} {error.detail}"
        assert error.__cause__ is None


def _down(*_):
    raise OSError


def _now(work):
    work()
