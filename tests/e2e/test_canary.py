"""No value escapes sideways (invariant 6): canaries in every field and every request, and then a search.

About two hundred requests, allowed, refused, malformed, and answered by a CRM that misbehaves in every way it
can. Then everything that is not the answer to somebody entitled is searched, in every encoding: what the
process said, its metrics, its ledger, its folders, and each error that any client got.
"""

import base64
import contextlib
import gzip
import json
import re
import shutil
import signal
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from proxy.connectors import load_connector
from proxy.demo.installation import LaneOf
from proxy.sandbox import Fault, HubSpotSandbox, SalesforceSandbox, running
from proxy.sandbox.faults import LEAK
from tests.e2e.canaries import (
    DIGITS,
    FOUND,
    MONTH,
    TEXT,
    canaries_in,
    client_says,
    fill_hubspot,
    fill_salesforce,
)
from tests.e2e.harness import CRM_TOKEN
from tests.e2e.processes import Installed

FIRST = "003Lg0000000001IAA"
ONE = f"/services/data/v59.0/sobjects/Contact/{FIRST}"
MANY = "/services/data/v59.0/sobjects/Contact/"
CONTACTS = "/crm/v3/objects/contacts"
SEARCH = f"{CONTACTS}/search"
LANES = ("salesforce", "hubspot")
FAULTS = (
    "crash", "hang_up", "truncate", "lie", "content_type", "extra_members", "duplicate_keys", "gzip", "garble",
)  # fmt: skip
MAY_SEE = {
    "helpdesk": (
        "system", "user.name", "user.unique_id", "user.contact.email", "user.job_title", "organization",
        "employee.name", "user.contact.address.city", "user.contact.address.state",
        "user.contact.address.country",
    ),
    "helpdesk_leads": (
        "system", "user.name", "user.unique_id", "user.contact", "user.job_title", "organization",
        "employee.name",
    ),
    "mailer": ("system.operations", "user.name", "user.contact.email"),
    "privacy_desk": ("system", "user", "organization", "employee"),
}  # fmt: skip
"""Client -> categories whose canaries it may be shown in clear; written down here a second time on purpose."""


@dataclass(frozen=True)
class Try:
    """One thing a client does."""

    lane: str
    client: str = ""
    """"" = no credential."""
    method: str = "GET"
    target: str = "/"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    fault: str = ""
    """What the CRM does wrong with it."""
    raw: bytes = b""
    """In place of all that: exactly these bytes."""


@dataclass
class Heard:
    """What went over the wire for one try."""

    what: Try
    answer: bytes
    status: int = field(init=False)

    def __post_init__(self) -> None:
        line = self.answer.partition(b"\r\n")[0].split()
        self.status = int(line[1]) if len(line) > 1 else 0


# ---- what is tried -----------------------------------------------------------------------------------------


def soql(text: str) -> str:
    """Return the target of a query."""
    return f"/services/data/v59.0/query/?q={quote_plus(text)}"


def sent(tree: object) -> bytes:
    """Return a body."""
    return json.dumps(tree, ensure_ascii=False).encode()


def searching(name: str, operator: str, value: str, **more: object) -> bytes:
    """Return the body of a HubSpot search."""
    filters = [{"propertyName": name, "operator": operator, "value": value}]
    return sent({"filterGroups": [{"filters": filters}], **more})


def allowed() -> Iterator[Try]:
    """Yield requests that are answered with what the caller may see; client text in every literal."""
    text = client_says(1)
    everything = (
        "Id, Name, FirstName, Email, Phone, Birthdate, MailingStreet, MailingCity, SSN__c, Iban__c, "
        "Description, Allergies__c, AnnualIncome__c, ExternalId__c, LeadSource, Title, Tags__c"
    )
    properties = (
        "email,firstname,phone,date_of_birth,address,city,iban,national_id,message,annual_income,jobtitle,gender"
    )
    for client in ("helpdesk", "helpdesk_leads", "mailer", "privacy_desk"):
        yield Try("salesforce", client, target=soql(f"SELECT {everything} FROM Contact LIMIT 3"))
        yield Try("salesforce", client, target=soql("SELECT FIELDS(ALL) FROM Contact LIMIT 2"))
        yield Try("salesforce", client, target=ONE)
        yield Try("salesforce", client, target=soql(f"SELECT Id, Name FROM Contact WHERE Name = '{text}'"))
        yield Try(
            "salesforce",
            client,
            target=soql("SELECT Id, Account.Name, (SELECT Id, Subject FROM Cases) FROM Contact LIMIT 3"),
        )
        yield Try(
            "salesforce",
            client,
            target=soql("SELECT Id, Contact.Name, Contact.SSN__c, SuppliedPhone, Comments FROM Case"),
        )
        yield Try("salesforce", client, target=soql("SELECT Id, Name, Phone, Street, Description FROM Lead"))
        yield Try("hubspot", client, target=f"{CONTACTS}/101?properties={properties}")
        yield Try("hubspot", client, target=f"{CONTACTS}?limit=3&properties={properties}")
        yield Try(
            "hubspot", client, "POST", SEARCH, searching("email", "EQ", text, properties=properties.split(","))
        )
        yield Try(
            "hubspot",
            client,
            "POST",
            f"{CONTACTS}/batch/read",
            sent({"inputs": [{"id": "101"}], "properties": properties.split(",")}),
        )
        yield Try("hubspot", client, target="/crm/v3/objects/companies?properties=name,phone,description,city")
    yield Try("salesforce", "helpdesk", target=soql("SELECT COUNT(Id) n, MAX(LastName) most FROM Contact"))
    yield Try("salesforce", "helpdesk", "PATCH", ONE, sent({"Phone": "+353 1 555 0000"}))
    yield Try(
        "hubspot", "helpdesk", "PATCH", f"{CONTACTS}/101", sent({"properties": {"phone": "+353 1 555 0000"}})
    )
    yield Try(
        "hubspot",
        "helpdesk_leads",
        "POST",
        CONTACTS,
        sent({"properties": {"lastname": "zqcanary-contacts-lastname-77"}}),
    )


def refused() -> Iterator[Try]:
    """Yield requests that policy, connector or identity refuse; client text wherever they let any in."""
    text, name = client_says(2), f"{TEXT}_client_named_this"
    for query in (
        f"SELECT Id FROM Contact WHERE SSN__c = '{text}'",
        f"SELECT Id FROM Contact WHERE {name} = 1",
        f"SELECT {name} FROM Contact",
        f"SELECT Id FROM {name}__c",
        f"SELECT COUNT(Id) {name} FROM Contact GROUP BY {name}",
        f"SELECT Id FROM Contact ORDER BY {name}",
        f"SELECT Id FROM Contact WHERE Name = '{text}",
        f"{text}",
        f"SELECT Id, {name}.Name FROM Contact",
        f"SELECT {name}(Id) FROM Contact",
        f"SELECT Id FROM Contact WHERE Id IN (SELECT {name} FROM Case WHERE Subject = '{text}')",
    ):
        yield Try("salesforce", "helpdesk", target=soql(query))
    for method, target, body in (
        ("GET", f"/services/data/v59.0/sobjects/{name}/{FIRST}", b""),
        ("GET", f"/services/data/v59.0/{name}", b""),
        ("GET", f"/{quote(text)}", b""),
        ("GET", f"{ONE}?{name}={quote(text)}", b""),
        ("GET", f"{ONE}?fields={name}", b""),
        ("GET", f"/services/data/v59.0/query/{TEXT}-made-this-locator-up", b""),
        ("PATCH", ONE, sent({"SSN__c": text})),
        ("PATCH", ONE, sent({name: text})),
        ("PATCH", ONE, sent({"Phone": {"nested": text}})),
        ("PATCH", ONE, sent({"Phone": f"*** {text}", "Birthdate": "1903"})),
        ("POST", MANY, sent({"LastName": text, "SSN__c": text})),
        ("DELETE", ONE, b""),
        ("PUT", ONE, sent({"LastName": text})),
        ("HEAD", ONE, b""),
    ):
        yield Try("salesforce", "helpdesk", method, target, body)
    for method, target, body in (
        ("GET", f"/crm/v3/objects/{name}/101", b""),
        ("GET", f"{CONTACTS}/{TEXT}%40example.org?idProperty=email", b""),
        ("POST", SEARCH, searching("iban", "EQ", text)),
        ("POST", SEARCH, searching(name, "EQ", text)),
        ("POST", SEARCH, searching("email", name.upper(), text)),
        ("POST", SEARCH, sent({"query": text})),
        ("POST", SEARCH, sent({name: text})),
        ("POST", SEARCH, sent({"sorts": [name]})),
        ("POST", SEARCH, sent({"after": text})),
        ("POST", f"{CONTACTS}/batch/read", sent({"inputs": [{"id": text}], "properties": ["email"]})),
        ("POST", f"{CONTACTS}/batch/update", sent({"inputs": [{"id": "101", "properties": {"iban": text}}]})),
        ("POST", CONTACTS, sent({"properties": {"email": text, name: text}})),
        ("POST", f"{CONTACTS}/gdpr-delete", sent({"objectId": text})),
        ("POST", "/crm/v3/exports/export/async", sent({"exportName": text, "objectType": "CONTACT"})),
    ):
        yield Try("hubspot", "helpdesk", method, target, body)


def strangers() -> Iterator[Try]:
    """Yield requests whose credential, purpose or headers are canaries."""
    text, coded = client_says(3), base64.b64encode(client_says(3).encode()).decode()
    token = ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b'{"alg":"none"}', sent({"sub": text}), b"")
    )
    plain = f"{TEXT}-in-a-header"
    for fields in (
        (("authorization", f"Bearer lg_{plain}"),),
        (("authorization", f"Bearer {'lg_' + TEXT:A<46}"),),
        (("authorization", f"Bearer {token}"),),
        (("authorization", f"Basic {coded}"),),
        (("authorization", f"Digest {plain}"),),
        (("authorization", plain),),
        (("x-lychgate-key", plain),),
        (("cookie", f"sid={plain}"),),
    ):
        yield Try("hubspot", "", target=f"{CONTACTS}/101", headers=fields)
        yield Try("salesforce", "", target=ONE, headers=fields)
    for name, value in (
        ("x-purpose", plain),
        ("x-purpose", f"{TEXT} with spaces"),
        ("x-http-method-override", plain),
        ("x-user", plain),
        ("x-forwarded-for", plain),
        (f"x-{TEXT}", plain),
        ("content-encoding", plain),
        ("content-type", plain),
        ("accept", plain),
        ("if-none-match", f'"{plain}"'),
        ("sforce-query-options", plain),
        ("sforce-duplicate-rule-header", plain),
        ("range", plain),
        ("user-agent", plain),
        ("referer", f"https://{plain}/"),
    ):
        for lane, target in (("salesforce", ONE), ("hubspot", f"{CONTACTS}/101")):
            yield Try(lane, "helpdesk", target=target, headers=((name, value),))
            yield Try(lane, "privacy_desk", target=target, headers=((name, value),))


def unreadable() -> Iterator[Try]:
    """Yield bodies that cannot be read exactly, and bytes that are not even a request."""
    text = client_says(4)
    kind = (("content-type", "application/json"),)
    for body, fields in (
        (sent({"Phone": text})[:-3], kind),
        (b'{"Phone":"1","Phone":"' + text.encode() + b'"}', kind),
        (sent({"Phone": text}) + text.encode(), kind),
        (text.encode("utf-16"), kind),
        (b'{"Phone":"' + text.encode("utf-8")[:-1] + b'"}', kind),
        (b"[" * 400 + sent(text) + b"]" * 400, kind),
        (sent({"Phone": text}), (("content-type", "text/plain"),)),
        (sent({"Phone": text}), (("content-type", f"application/json; charset={TEXT}"),)),
        (gzip.compress(sent({"Phone": text}))[:-4], (*kind, ("content-encoding", "gzip"))),
        (gzip.compress(sent({"Phone": text}) * 9999), (*kind, ("content-encoding", "gzip"))),
        (sent({"Phone": text}), (*kind, ("content-encoding", f"gzip, {TEXT}"))),
    ):
        yield Try("salesforce", "helpdesk", "PATCH", ONE, body, fields)
        yield Try("hubspot", "helpdesk", "POST", SEARCH, body, fields)
    ascii_text = f"{TEXT}-not-http"
    for raw in (
        f"{ascii_text.upper()} / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /{ascii_text} HTTP/9.9\r\nHost: localhost\r\n\r\n",
        f"GET http://{ascii_text}.example.org/ HTTP/1.1\r\nHost: {ascii_text}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: {ascii_text}.example.org\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: a\r\nHost: {ascii_text}\r\n\r\n",
        f"GET /%zz{ascii_text} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /../{ascii_text} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\n {ascii_text}: folded\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {ascii_text}\x00\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nX_{TEXT}: {text}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {ascii_text}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{ascii_text}",
        f"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: {ascii_text}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{ascii_text}\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: {ascii_text}\r\nConnection: upgrade\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: {ascii_text}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'y' * 70_000}{ascii_text}\r\n\r\n",
        f"CONNECT {ascii_text}.example.org:443 HTTP/1.1\r\nHost: {ascii_text}.example.org\r\n\r\n",
        f"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{ascii_text}",
        f"\x16\x03\x01{ascii_text}",
        f"{ascii_text}\r\n\r\n",
    ):
        yield Try("hubspot", raw=raw.encode())
    yield Try("salesforce", raw=f"GET / HTTP/1.1\r\nHost: {ascii_text}.example.org\r\n\r\n".encode())


def misbehaving() -> Iterator[Try]:
    """Yield requests that a misbehaving CRM answers, and errors in which a CRM repeats what it was told."""
    text = client_says(5)
    for fault in FAULTS:
        for client in ("helpdesk", "privacy_desk"):
            yield Try("salesforce", client, target=ONE, fault=fault)
            yield Try("salesforce", client, target=soql("SELECT Id, Name, SSN__c FROM Contact"), fault=fault)
            yield Try("hubspot", client, target=f"{CONTACTS}/101?properties=email,iban", fault=fault)
            yield Try("hubspot", client, "POST", SEARCH, searching("email", "EQ", "x@example.org"), fault=fault)
        yield Try(
            "salesforce",
            "helpdesk_leads",
            "POST",
            MANY,
            sent({"LastName": "zqcanary-Contact-LastName-79"}),
            fault=fault,
        )
        yield Try(
            "hubspot",
            "helpdesk_leads",
            "PATCH",
            f"{CONTACTS}/102",
            sent({"properties": {"lastname": "zqcanary-contacts-lastname-78"}}),
            fault=fault,
        )
    yield Try("salesforce", "helpdesk_leads", "POST", MANY, sent({"FirstName": text}))
    yield Try("salesforce", "helpdesk_leads", "POST", MANY, sent({"LastName": text, "Email": text}))
    yield Try("salesforce", "helpdesk_leads", "POST", MANY, sent({"LastName": text * 20}))
    yield Try("salesforce", "helpdesk", target=f"{MANY}003{TEXT.upper()}1234AAA")
    yield Try("salesforce", "helpdesk", target=soql(f"SELECT Id FROM Contact WHERE Id = '{text}'"))
    yield Try("salesforce", "helpdesk", target=soql(f"SELECT Id FROM Contact WHERE CreatedDate = '{text}'"))
    yield Try(
        "hubspot",
        "helpdesk_leads",
        "POST",
        CONTACTS,
        sent({"properties": {"email": "zqcanary-contacts-email-2@example.org"}}),
    )
    yield Try("hubspot", "helpdesk_leads", "POST", CONTACTS, sent({"properties": {"email": text}}))
    yield Try("hubspot", "helpdesk", "POST", SEARCH, searching("createdate", "BETWEEN", text))


TRIES = (*allowed(), *refused(), *strangers(), *unreadable(), *misbehaving())


# ---- how it is done ----------------------------------------------------------------------------------------


@dataclass
class Aviary:
    """The installation, its CRMs, and everything that was heard."""

    run: Installed
    crms: dict[str, SalesforceSandbox | HubSpotSandbox]
    heard: list[Heard] = field(default_factory=list)
    told: list[bytes] = field(default_factory=list)
    """What the process said and what its admin port answered."""

    def wire(self, one: Try) -> bytes:
        """Return the bytes of a request."""
        if one.raw:
            return one.raw
        fields = [("host", "localhost"), ("connection", "close")]
        if one.client:
            fields.append(("authorization", f"Bearer {self.run.keys[one.client]}"))
        if one.client == "privacy_desk" and "x-purpose" not in dict(one.headers):
            fields.append(("x-purpose", "subject_request"))
        if one.body and "content-type" not in dict(one.headers):
            fields.append(("content-type", "application/json"))
        fields += [("content-length", str(len(one.body)))] if one.body else []
        head = f"{one.method} {one.target} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in (*fields, *one.headers))
        return head.encode() + b"\r\n" + one.body

    def say(self, one: Try) -> None:
        """Do one thing and keep every byte that comes back."""
        if one.fault:
            self.crms[one.lane].faults.add(Fault(one.fault))  # type: ignore[arg-type]
        with socket.create_connection(("127.0.0.1", self.run.ports[one.lane]), 30) as bare:
            if one.lane == "salesforce":
                trust = ssl.create_default_context(cafile=str(self.run.made.authority))
                with trust.wrap_socket(bare, server_hostname="localhost") as secured:
                    answer = _exchange(secured, self.wire(one))
            else:
                answer = _exchange(bare, self.wire(one))
        self.crms[one.lane].faults.clear()
        self.heard.append(Heard(one, answer))

    def ask_admin(self) -> None:
        """Keep what the admin port answers."""
        for path in ("/metrics", "/ready", "/healthz", f"/{TEXT}"):
            self.told.append(self.run.ask_admin(path)[1].encode())


def _exchange(line: socket.socket, request: bytes) -> bytes:
    """Return the answer to a request: as long as it says it is, or until the lane hangs up."""
    answer = b""
    with contextlib.suppress(ConnectionError):  # the lane hangs up on what it does not read to the end
        line.sendall(request)
    with contextlib.suppress(ConnectionError):
        while not _whole(answer) and (data := line.recv(65536)):
            answer += data
    return answer


def _whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(found and length and len(body) >= int(length[1]))


@pytest.fixture(scope="module")
def aviary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aviary]:
    """Everything that is tried, done once; the process has ended when the tests look."""
    org, account = SalesforceSandbox(CRM_TOKEN), HubSpotSandbox(CRM_TOKEN)
    fill_salesforce(org)
    fill_hubspot(account)
    with running(org) as here, running(account) as there:
        lanes = {
            "salesforce": LaneOf(0, here.url, CRM_TOKEN, tls=True),
            "hubspot": LaneOf(0, there.url, CRM_TOKEN),
        }
        run = Installed.make(tmp_path_factory.mktemp("aviary") / "gateway", lanes)
        before = files_of(run.made.folder)
        try:
            full = Aviary(run.up(), {"salesforce": org, "hubspot": account})
            for one in TRIES:
                full.say(one)
            _sni(run)
            full.ask_admin()
            run.fill_the_disk(left=60)
            for one in (*list(allowed())[:6], *list(refused())[:3]):
                full.say(one)
            full.ask_admin()
            run.tell(signal.SIGTERM)
            full.told.append(run.ended()[1].encode())
            run.up()  # closes what the full disk left open
            full.told.append(run.down().encode())
        finally:
            run.kill()
        (run.made.folder / "before.json").write_text(json.dumps(sorted(before)), "utf-8")
        yield full
    shutil.rmtree(run.made.folder)


def _sni(run: Installed) -> None:
    """Name a canary where TLS asks for the server's name."""
    trust = ssl.create_default_context(cafile=str(run.made.authority))
    with socket.create_connection(("127.0.0.1", run.ports["salesforce"])) as bare, pytest.raises(ssl.SSLError):
        trust.wrap_socket(bare, server_hostname=f"{TEXT}.example.org")


def files_of(folder: Path) -> set[str]:
    """Return the path of every file below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# ---- what is found -----------------------------------------------------------------------------------------


def test_the_tries_are_diverse_and_end_as_they_should(aviary: Aviary) -> None:
    """Answers of every kind were heard, the CRMs were reached, and no try went unanswered but by a hang-up."""
    statuses = {heard.status for heard in aviary.heard}
    assert len(aviary.heard) > 250
    assert {200, 201, 204, 400, 401, 403, 404, 405, 409, 415, 421, 431, 500, 502, 503} <= statuses
    silent = [heard.what for heard in aviary.heard if not heard.status]
    assert not silent
    shown = [heard for heard in aviary.heard if heard.status == 200 and canaries_in(heard.answer)]
    assert len(shown) > 30  # the search below finds what is there to be found


def test_no_error_holds_a_value(aviary: Aviary) -> None:
    """No refusal, and no error of a CRM, repeats what the CRM holds or what the client sent."""
    for heard in aviary.heard:
        if heard.status >= 300:
            assert not canaries_in(heard.answer), (heard.what, heard.answer)


def test_an_answer_holds_only_what_its_caller_may_see(aviary: Aviary) -> None:
    """In answers to entitled callers there is no canary of a field that is hidden from them."""
    categories = {}
    for lane in LANES:
        connector = load_connector(aviary.run.made.policies / "connectors" / f"{lane}.yaml")
        for spec in connector.catalogue.values():
            for name, one in spec.fields.items():
                categories[spec.name.lower(), name.lower()] = one.category
    for heard in aviary.heard:
        if heard.status >= 300:
            continue
        text = heard.answer.decode()
        assert LEAK not in text
        assert "client-said" not in text
        for name, member in FOUND.findall(text):
            category = categories.get((name.lower(), member.lower()), "unclassified")
            may = MAY_SEE[heard.what.client]
            assert any(category == one or category.startswith(one + ".") for one in may), (
                heard.what,
                name,
                member,
            )
        if heard.what.client in ("helpdesk", "mailer"):
            assert DIGITS not in text, heard.what
        if heard.what.client != "privacy_desk":
            assert MONTH not in text, heard.what


def test_what_the_process_says_holds_no_value(aviary: Aviary) -> None:
    """Standard output and error, metrics, readiness: no canary in any form, no traceback."""
    for said in aviary.told:
        assert not canaries_in(said), said
        assert b"Traceback" not in said


def test_what_the_process_leaves_behind_holds_no_value(aviary: Aviary) -> None:
    """Only ledger, checkpoints and store were written; no file or name holds a canary or an id."""
    folder = aviary.run.made.folder
    before = set(json.loads((folder / "before.json").read_text("utf-8")))
    new = files_of(folder) - before - {"before.json"}
    keys = {path.removeprefix("state/keys/") for path in new if path.startswith("state/keys/")}
    assert keys == {"checkpoint-1.key", "generation"}
    assert {path for path in new if path.rpartition("/")[0] == "state"} <= {
        "state/store.db", "state/store.db-wal", "state/store.db-shm"
    }  # fmt: skip
    folders = {path.rpartition("/")[0] for path in new}
    assert folders == {"state", "state/ledger", "state/checkpoints", "state/keys"}
    assert not canaries_in("\n".join(new).encode())
    for path in files_of(folder):
        data = (folder / path).read_bytes().rstrip(b"\0")
        assert not canaries_in(data), path
        assert path.startswith("policies/") or FIRST.encode() not in data
    aviary.run.check_ledger()


def test_every_try_is_on_record(aviary: Aviary) -> None:
    """Every decision id that a client was told has its entries, one request and one outcome at most."""
    kinds: dict[str, list[str]] = {}
    for entry in aviary.run.entries():
        kinds.setdefault(entry["id"], []).append(entry["kind"])
    named = 0
    for heard in aviary.heard:
        decision = _decision(heard.answer)
        if decision in (None, "none") or heard.status == 503:
            continue
        named += 1
        assert kinds[decision] in (["requested", "disclosed"], ["requested", "failed"], ["declined"]), heard.what
    assert named > 250


def _decision(answer: bytes) -> str | None:
    for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"lychgate-decision":
            return value.strip().decode()
    return None
