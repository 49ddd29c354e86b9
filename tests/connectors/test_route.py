"""Routes: the one declared operation a request means, or nothing."""

import re
from dataclasses import dataclass

import pytest

from proxy.connectors.asked import Opened
from proxy.connectors.grammar import Asking, Reading
from proxy.connectors.route import MAX_RECORDS, Declared, HeaderRules, Parameter, RouteTable
from proxy.connectors.target import template
from proxy.errors import Gap, Undecodable
from proxy.message import Headers, Request, Response, Tree
from proxy.model import Action, Operation

PATTERNS = {"id": re.compile("[0-9]+"), "name": re.compile("[a-z]+")}


class NoFaults:
    """Never asked here."""

    def open(self, status: int, tree: Tree | None) -> Opened:
        """Return nothing."""
        return Opened(None)

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return nothing."""
        return Response(status)


@dataclass
class Echo:
    """A grammar that remembers what it was asked, and says which route it belongs to."""

    label: str
    asking: Asking | None = None

    def read(self, asking: Asking) -> Reading:
        """Return the request unchanged."""
        self.asking = asking
        pairs = tuple((name, value) for name, values in asking.query.items() for value in values)
        operation = Operation(Action.READ, self.label)
        return Reading((operation,), NoFaults(), asking.params, pairs, asking.tree)


def table(*routes: str, headers: HeaderRules | None = None, media: frozenset[str] = frozenset()) -> RouteTable:
    """Return a table of `METHOD path` routes that take the parameters `n` (digits, once) and `many`."""
    found = RouteTable()
    parameters = {"n": Parameter(PATTERNS["id"]), "many": Parameter(None, many=True)}
    for route in routes:
        method, _, path = route.partition(" ")
        declared = Declared(template(path), parameters, Echo(route), headers or HeaderRules(), NoFaults(), media)
        found.add(method, PATTERNS, declared)
    return found


ROUTES = ("GET /a/{id}", "GET /a/{name}", "GET /a/fixed", "POST /a", "GET /a/{id}/b", "GET /a/fixed/c/")


@pytest.mark.parametrize(
    ("request_line", "route", "params"),
    [
        ("GET /a/12", "GET /a/{id}", {"id": "12"}),
        ("GET /a/xy", "GET /a/{name}", {"name": "xy"}),
        ("GET /a/fixed", "GET /a/fixed", {}),  # a literal goes before a blank that would match it
        ("POST /a", "POST /a", {}),
        ("GET /a/12/b", "GET /a/{id}/b", {"id": "12"}),
        ("GET /a/fixed/c/", "GET /a/fixed/c/", {}),
    ],
)
def test_find(request_line: str, route: str, params: dict[str, str]) -> None:
    """A request finds the one route declared for its method and path."""
    method, _, path = request_line.partition(" ")
    found = table(*ROUTES).find(Request(method, path))
    assert isinstance(found.declared.grammar, Echo)
    assert (found.declared.grammar.label, found.params) == (route, params)


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /a",  # another method's path
        "DELETE /a/12",  # no route of this method
        "HEAD /a/12",
        "GET /a/12/",  # a slash more
        "GET /a/12/b/c",
        "GET /a/XY",  # matches no blank
        "GET /a/12x",
        "GET /a/fixed/c",
        "GET /",
    ],
)
def test_find_refuses_what_is_not_declared(request_line: str) -> None:
    """Whatever is not in the table has no word."""
    method, _, path = request_line.partition(" ")
    with pytest.raises(Gap) as caught:
        table(*ROUTES).find(Request(method, path))
    assert (caught.value.kind, caught.value.reason) == ("route", "unknown_route")


def test_parameters_are_closed() -> None:
    """A parameter is listed, once unless it is a list, and matches its pattern."""
    routes = table("GET /a")
    assert routes.find(Request("GET", "/a", "n=1&many=x&many=y")).query == {"n": ("1",), "many": ("x", "y")}
    with pytest.raises(Gap, match="unknown_parameter"):
        routes.find(Request("GET", "/a", "N=1"))
    with pytest.raises(Gap, match="parameter_value"):
        routes.find(Request("GET", "/a", "n=x"))
    with pytest.raises(Undecodable, match="repeated_parameter"):
        routes.find(Request("GET", "/a", "n=1&n=1"))
    with pytest.raises(Undecodable, match="repeated_parameter"):
        routes.find(Request("GET", "/a", "n=1&%6E=2"))


def test_recognise_writes_the_target_anew() -> None:
    """What is sent is built from what was read, with one encoding for everything."""
    request = Request("GET", "/a/12", "many=a+b&many=%c3%a9")
    asked = table("GET /a/{id}").find(request).recognise(request, None, binding="b")
    assert asked.target == "/a/12?many=a%20b&many=%C3%A9"
    assert asked.operations == (Operation(Action.READ, "GET /a/{id}"),)


def test_recognise_wants_a_body_where_one_belongs_and_nowhere_else() -> None:
    """A body on a route without one is a second message, and a missing one is no message."""
    bare, full = table("GET /a"), table("POST /a", media=frozenset({"json"}))
    for request, tree in ((Request("GET", "/a", body=b"x"), None), (Request("GET", "/a"), {})):
        with pytest.raises(Undecodable, match="body_unexpected"):
            bare.find(request).recognise(request, tree)
    request = Request("POST", "/a")
    with pytest.raises(Undecodable, match="body_expected"):
        full.find(request).recognise(request, None)
    assert full.find(request).recognise(request, {"a": 1}).tree == {"a": 1}


def test_headers_cross_by_name_and_value() -> None:
    """Constants are sent, listed ones if their value matches, refused ones refuse, the rest stays behind."""
    rules = HeaderRules(
        (("accept", "application/json"),), {"x-batch": re.compile("[0-9]+")}, frozenset({"x-never"})
    )
    routes = table("GET /a", headers=rules)

    def onward(*fields: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        request = Request("GET", "/a", headers=Headers(fields))
        return routes.find(request).recognise(request, None).headers

    constant = ("accept", "application/json")
    assert onward(("accept", "text/csv"), ("cookie", "c"), ("if-none-match", "x")) == (constant,)
    assert onward(("x-batch", "200")) == (constant, ("x-batch", "200"))
    assert onward(("x-batch", "200\tx")) == (constant,)
    with pytest.raises(Undecodable, match="repeated_header"):
        onward(("x-batch", "1"), ("x-batch", "2"))
    with pytest.raises(Gap, match="refused_header"):
        onward(("x-never", ""))


def test_add_refuses_what_cannot_be_told_apart() -> None:
    """A route twice, and a blank without a pattern, are the author's mistakes."""
    with pytest.raises(ValueError, match="twice"):
        table("GET /a/{id}", "GET /a/{id}")
    with pytest.raises(ValueError, match="pattern"):
        table("GET /a/{other}")


@dataclass
class Naming:
    """A grammar for requests that name records."""

    records: tuple[tuple[str, ...], ...]

    def read(self, asking: Asking) -> Reading:
        """Return an operation on each group of records."""
        found = tuple(Operation(Action.READ, "x", (), each) for each in self.records)
        return Reading(found, NoFaults(), asking.params)


def test_the_records_of_one_request_are_bounded() -> None:
    """An entry of the ledger names each of them, and has a bound itself."""
    for number, others in ((MAX_RECORDS, 0), (MAX_RECORDS + 1, 0), (MAX_RECORDS, 1)):
        grammar = Naming((tuple(map(str, range(number))), ("a",) * others))
        table = RouteTable()
        table.add("GET", PATTERNS, Declared(("x",), {}, grammar, HeaderRules(), NoFaults()))
        request = Request("GET", "/x")
        route = table.find(request)
        if number + others <= MAX_RECORDS:
            assert route.recognise(request, None).operations
        else:
            with pytest.raises(Undecodable, match="too_many_records") as caught:
                route.recognise(request, None)
            assert caught.value.status == 413
