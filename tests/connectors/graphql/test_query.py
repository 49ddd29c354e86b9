"""GraphQL requests: what they ask for, whatever it is called; ids are those of the threat catalogue."""

import pytest
from graphql import build_schema, graphql_sync
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw

from proxy.connectors.graphql.query import MAX_ALIASES, Query, Selected, Word, body_of, project, read_query
from proxy.errors import Undecodable


def read(text: str, **variables: object) -> Query:
    """Return what a query asks for."""
    return read_query({"query": text, "variables": variables})


def refused(tree: object) -> str:
    """Return why a request is refused."""
    with pytest.raises(Undecodable) as caught:
        read_query(tree)
    return caught.value.reason


def paths(fields: tuple[Selected, ...], before: str = "") -> list[str]:
    """Return the names in the schema, outermost first."""
    return [
        path
        for each in fields
        for path in (f"{before}{each.name}", *paths(each.inside, f"{before}{each.name}."))
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{contact{firstname:ssn}}",
        "{contact{...F}} fragment F on Contact{firstname:ssn}",
        "{contact{...on Contact{firstname:ssn}}}",
        "{contact{...@include(if:true){firstname:ssn}}}",
        "query($x:Boolean=true){contact{firstname:ssn @include(if:$x)}}",
        "{contact{id @skip(if:true) ...F}} fragment F on Contact{...G} fragment G on Contact{firstname:ssn}",
        "{contact{firstname:ssn} contact{firstname:ssn}}",
    ],
)
def test_gq_01_an_alias_or_a_fragment_hides_nothing(text: str) -> None:
    """GQ-01: the field is found under the name it has in the schema, and sent on under the key it was given."""
    query = read(text)
    assert paths(query.fields) == ["contact", "contact.ssn"]
    again = read_query(body_of(query))
    assert again.fields == query.fields
    assert "firstname:ssn" in str(body_of(query)["query"])


@pytest.mark.parametrize(
    "tree",
    [
        [{"query": "{a}"}],
        {"query": "query A{a} query B{b}", "operationName": "A"},
        {"query": "query A{a}", "operationName": "B"},
        {"query": "{a}", "extensions": {"persistedQuery": {}}},
        {"query": "{a}", "variables": []},
        {"query": "{a}", "variables": {"x": 1}},
        {"query": ""},
        {"query": None},
        {"extensions": {}},
        "{a}",
        {"query": "fragment F on A{a}"},
        {"query": "type A{a:Int}"},
        {"query": "{a} type A{a:Int}"},
        {"query": "subscription{a}"},
        {"query": "query @x{a}"},
        {"query": "{a{"},
        {"query": "{a @skip(if:true)}"},
        {"query": "{a(x:$x)}".replace("$x", "{y:$x}")},
        {"query": "{...F}"},
        {"query": "query($x:Int,$x:Int){a}"},
    ],
)
def test_gq_02_one_operation_in_one_request(tree: object) -> None:
    """GQ-02: lists, several operations, persisted queries, subscriptions, and what is no query."""
    assert refused(tree) == "bad_graphql"


def test_gq_03_arguments_are_what_the_crm_will_take() -> None:
    """GQ-03: variables and their defaults are worked out, and sent on as variables."""
    query = read("query($x:String,$o:Order=ASC,$n:Int){a(f:{ssn:{eq:$x}},o:$o,e:DESC,n:1.10,none:$n)}", x="1")
    (asked,) = query.fields
    assert asked.arguments == {"f": {"ssn": {"eq": "1"}}, "o": Word("ASC"), "e": Word("DESC"), "n": Raw(b"1.10")}
    body = body_of(query)
    assert body["variables"] == {"x": "1"}
    assert "$n" not in str(body["query"])
    assert read_query(body).fields == query.fields
    assert refused({"query": "{a(x:1,x:2)}"}) == refused({"query": "{a(x:{y:1,y:2})}"}) == "duplicate_key"
    assert refused({"query": "{x:a(i:1) x:a(i:2)}"}) == refused({"query": "{x:a x:b}"}) == "repeated_field"
    assert refused({"query": "{a{x:b{c:d}} a{x:b{c:e}}}"}) == "repeated_field"


def test_gq_04_introspection_is_switched_on_or_refused() -> None:
    """GQ-04: the type's name is always allowed; messages of the CRM's never come back."""
    assert paths(read("{a{__typename}}").fields) == ["a", "a.__typename"]
    for text in ("{__schema{types{name}}}", '{__type(name:"A"){name}}', "{a{x:__schema{y}}}"):
        assert refused({"query": text}) == "introspection"
        assert read_query({"query": text}, introspection=True).fields
    shown = project(read("{a}"), {"data": None, "errors": [{"message": 'Did you mean "ssn"?', "path": ["ssn"]}]})
    assert "ssn" not in str(shown)
    assert refused({"query": "{a @live}"}) == "unknown_directive"
    assert refused({"query": "{a{b @skip(if:true)}}"}) == "empty_selection"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{a" * 11 + "}" * 11, "too_deep"),
        ("{" + "a{" * 3_000 + "b" + "}" * 3_001, "bad_graphql"),
        ("{" + " ".join(f"x{at}:a" for at in range(MAX_ALIASES + 1)) + "}", "too_many_items"),
        ("{...F} fragment F on A{...F}", "bad_graphql"),
        ("{...F} fragment F on A{a{...G}} fragment G on A{...F}", "bad_graphql"),
        ("{" + "a@include(if:true)" * 1_001 + "}", "too_many_items"),
        ("{a" + "@include(if:true)" * 10_000 + "}", "query_too_long"),
        ("{" + "a " * 60_000 + "}", "query_too_long"),
        ("{a(x:" + "[" * 20 + "]" * 20 + ")}", "too_deep"),
        (
            "{...A}"
            + "".join(f"fragment {chr(65 + at)} on T{{" + f"...{chr(66 + at)} " * 9 + "}" for at in range(9))
            + "fragment J on T{a}",
            "too_many_items",
        ),
    ],
)
def test_gq_05_depth_aliases_and_cost_are_bounded(text: str, reason: str) -> None:
    """GQ-05: fragments count as often as they are used, and go round in no circle."""
    assert refused({"query": text}) == reason


def test_gq_06_a_mutation_beside_a_read_is_a_mutation() -> None:
    """GQ-06: every field of it is there to be classified."""
    query = read("mutation M{a:deleteContact(id:1){id} merge(ids:[1,2]){id}}")
    assert (query.kind, [each.name for each in query.fields]) == ("mutation", ["deleteContact", "merge"])
    assert str(body_of(query)["query"]).startswith("mutation{")


def test_gq_07_an_answer_is_cut_down_to_what_was_asked_for() -> None:
    """GQ-07: by place and not by key; extensions are dropped."""
    query = read("{c:contacts{id ...on Person{name}} n}")
    answer = {
        "data": {"c": [{"id": 1, "name": "x", "ssn": 2}, None], "contacts": [], "n": {"ssn": 1}, "ssn": 3},
        "extensions": {"ssn": 4},
    }
    assert project(query, answer) == {"data": {"c": [{"id": 1, "name": "x"}, None], "n": None}}
    assert project(read("{a{b}}"), {"data": {"a": "text"}}) == {"data": {"a": None}}
    for tree in (None, [], {"data": []}):
        with pytest.raises(Undecodable):
            project(query, tree)


SCHEMA = build_schema("type Query{a(x:Int,s:String):Query b:Query c:Int d:String}")
SELECTIONS = st.recursive(
    st.sampled_from(["c", "d", "x:c", "y:d", "__typename", "c @skip(if:$v)", "...on Query{z:c}"]),
    lambda inner: st.tuples(
        st.sampled_from(["a", "b", "p:a(x:1)", 'q:a(s:"\\u0022é")', "...on Query", "...F"]), inner, inner
    ).map(lambda parts: parts[0] if parts[0] == "...F" else f"{parts[0]}{{{parts[1]} {parts[2]}}}"),
    max_leaves=8,
)


class _Node:
    """Resolves to itself, and to constants."""

    c, d = 1, "x"

    def a(self, _info: object, **_arguments: object) -> "_Node":
        return self

    b = a


@given(SELECTIONS, st.booleans())
@example("b{c @skip(if:$v)}", True)
def test_an_independent_server_answers_both_queries_alike(inside: str, skip: bool) -> None:
    """What is sent asks a GraphQL server for just what came, and its answer is all asked for."""
    text = f"query($v:Boolean!){{c {inside} k:c @include(if:$v)}} fragment F on Query{{d w:c}}"
    came = graphql_sync(SCHEMA, text, _Node(), variable_values={"v": skip})
    try:
        query = read(text, v=skip)
    except Undecodable:
        return
    body = body_of(query)
    sent = graphql_sync(SCHEMA, str(body["query"]), _Node(), variable_values=body.get("variables"))  # type: ignore[arg-type]
    assert sent.errors is None
    if came.data is not None:
        assert sent.data == came.data
    assert project(query, {"data": sent.data}) == {"data": sent.data}
