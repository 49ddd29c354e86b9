"""The unmodified api-pipedrive-python against the sandbox; version 2, which it does not speak, as documented."""

import json

import pytest
from pipedrive.client import Client
from pipedrive.exceptions import BadRequestError, NotFoundError, UnauthorizedError

from proxy.sandbox import Call, PipedriveSandbox, StoppedClock, running

TOKEN = "test-token"
AOIFE = "aoife.byrne@example.org"


@pytest.fixture
def account(clock: StoppedClock) -> PipedriveSandbox:
    """A Pipedrive sandbox without a socket."""
    return PipedriveSandbox(TOKEN, now=clock)


@pytest.fixture
def client(account: PipedriveSandbox):
    """The client, talking to `account` with an API token in its URLs, as it does."""
    with running(account) as address:
        made = Client(domain=address.url)
        made.set_api_token(TOKEN)
        yield made


def call(account: PipedriveSandbox, method: str, target: str, body: object = None, status: int = 200):
    """Return what is answered to a call of version 2."""
    path, _, query = target.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    answer = account.answer(Call(method, f"/api/v2{path}", query, {"X-Api-Token": TOKEN}, raw))
    assert answer.status == status, answer.tree
    return answer.tree


def test_a_person_lives_from_create_to_the_end_of_thirty_days(client, account, clock) -> None:
    """What is created is found and changed; what is deleted is marked, and gone after thirty days."""
    made = client.persons.create_person({"name": "Ina Quill", "email": ["ina@example.org"], "phone": "1"})[
        "data"
    ]
    assert (made["first_name"], made["email"][0]["value"]) == ("Ina", "ina@example.org")
    client.persons.update_person(made["id"], {"phone": [{"value": "2", "label": "home"}]})
    read = client.persons.get_person(made["id"])
    assert (read["data"]["phone"][0]["value"], read["data"]["primary_email"]) == ("2", "ina@example.org")
    client.persons.delete_person(made["id"])
    assert client.persons.get_person(made["id"])["data"]["active_flag"] is False
    assert made["id"] not in [each["id"] for each in client.persons.get_all_persons()["data"]]
    account.store.restore(account.store.get("persons", str(made["id"])))
    assert client.persons.get_person(made["id"])["data"]["active_flag"] is True
    client.persons.delete_person(made["id"])
    clock.advance(days=31)
    with pytest.raises(NotFoundError):
        client.persons.get_person(made["id"])
    assert made["id"] not in {person["id"] for person in account.people()}


def test_pages_of_version_1_go_by_number(client) -> None:
    """And say null for a list of nothing."""
    page = client.persons.get_all_persons(params={"start": 10, "limit": 5, "sort": "name DESC"})
    assert len(page["data"]) == 2
    assert page["additional_data"]["pagination"]["more_items_in_collection"] is False
    assert client.persons.get_all_persons(params={"start": 100})["data"] is None
    assert [each["name"] for each in client.persons.get_all_persons(params={"first_char": "a"})["data"]] == [
        "Aoife Byrne"
    ]


def test_a_search_finds_by_what_it_names(client) -> None:
    """By name, address and note; a deal by its title; and by exact match nothing that is only like it."""

    def found(**params: str) -> set[str]:
        items = client.persons.search_persons(params=params)["data"]["items"]
        return {each["item"]["name"] for each in items}

    assert found(term="byrne", fields="name") == {"Aoife Byrne"}
    assert found(term=AOIFE, fields="email", exact_match="true") == {"Aoife Byrne"}
    assert found(term="byrne", fields="name", exact_match="true") == set()
    assert found(term="surgery", fields="notes") == {"Aoife Byrne"}
    assert found(term="000-12-0101", fields="custom_fields") == {"Aoife Byrne"}
    with pytest.raises(BadRequestError):
        found(term="b")


def test_links_are_opened_in_version_1_only(client, account) -> None:
    """A deal holds the person in short there, and an id in version 2."""
    assert client.deals.get_deal(1)["data"]["person_id"]["email"][0]["value"] == AOIFE
    assert call(account, "GET", "/deals/1")["data"]["person_id"] == 1
    assert [each["id"] for each in client.persons.get_person_deals(1)["data"]] == [1]
    assert client.persons.get_person_activities(1)["data"][0]["subject"] == "Call Aoife Byrne"
    assert client.notes.get_all_notes(params={"person_id": 1})["data"][0]["content"].startswith("Aoife Byrne: ")


def test_a_merge_leaves_the_second(client, account) -> None:
    """With the addresses of both."""
    base = client.BASE_URL
    kept = client._put(f"{base}persons/1/merge", json={"merge_with_id": 2})["data"]
    assert kept["id"] == 2
    assert AOIFE in {each["value"] for each in kept["email"]}
    assert call(account, "GET", "/persons/1")["data"]["is_deleted"] is True


def test_version_2_has_cursors_and_fields_of_its_own(account) -> None:
    """Pages follow one another to the last, sorted and filtered; own fields are in a member of theirs."""
    names, cursor = [], ""
    while True:
        page = call(account, "GET", f"/persons?limit=5&sort_by=id&sort_direction=desc{cursor}")
        names += [each["id"] for each in page["data"]]
        if page["additional_data"]["next_cursor"] is None:
            break
        cursor = f"&cursor={page['additional_data']['next_cursor']}"
    assert names == list(range(12, 0, -1))
    changed = call(account, "PATCH", "/persons/1", {"emails": [{"value": "new@example.org"}]})["data"]
    assert changed["emails"] == [{"value": "new@example.org", "primary": True, "label": "work"}]
    assert len(call(account, "GET", "/persons?ids=1,2")["data"]) == 2
    assert (
        call(account, "GET", "/itemSearch?term=byrne&item_types=person")["data"]["items"][0]["item"]["id"] == 1
    )


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("GET", "/persons/99", None, 404),
        ("GET", "/persons/x", None, 404),
        ("GET", "/notes", None, 404),
        ("GET", "/leads", None, 404),
        ("PUT", "/persons/1", {"name": "x"}, 405),
        ("PATCH", "/persons/1", {"zork": "x"}, 400),
        ("POST", "/persons", {}, 400),
        ("GET", "/persons?filter_id=3", None, 400),
        ("GET", "/persons?cursor=nothing", None, 400),
    ],
)
def test_what_the_api_does_not_have_is_refused(account, method, target, body, status) -> None:
    """In the API's own shape, and nothing changes."""
    before = account.people()
    tree = call(account, method, target, body, status)
    assert (tree["success"], tree["data"]) == (False, None)
    assert account.people() == before


def test_a_wrong_token_is_unauthorized(account) -> None:
    """Wherever it stands."""
    with running(account) as address:
        client = Client(domain=address.url)
        for tell in (client.set_api_token, client.set_access_token):
            tell("other")
            with pytest.raises(UnauthorizedError):
                client.persons.get_person(1)
