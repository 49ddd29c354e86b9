"""The two forms of a batch: they come out as they went in, and no answer is given to another request."""

import pytest

from proxy.connectors.odata.batchforms import Mixed, Named, Part, Told, form_of
from proxy.errors import ExchangeError, UpstreamFault

GET = {"method": "GET", "url": "contacts", "headers": {}}


def row(name: str, **more: object) -> dict[str, object]:
    """Return a request with a name."""
    return {"id": name, **GET, **more}


def test_both_forms_come_out_as_they_went_in() -> None:
    """Change sets, names and dependencies kept; methods in upper case, headers in lower."""
    tree = {
        "requests": [
            row("a", method="get", headers={"Accept": "x"}),
            row("b", atomicityGroup="g", body={"x": 1}),
            row("c", atomicityGroup="g", dependsOn=["a", "b"]),
        ]
    }
    form, parts = form_of(tree)
    assert isinstance(form, Named)
    written = form.put(parts)["requests"]
    assert written[0] == row("a", headers={"accept": "x"})
    assert written[1] == row(
        "b", atomicityGroup="g", body={"x": 1}, headers={"content-type": "application/json"}
    )
    assert written[2] == row("c", atomicityGroup="g", dependsOn=["a", "b"])
    mixed = {"parts": [GET, [row("1"), row("2")], [row("3")], GET]}
    form, parts = form_of(mixed)
    assert isinstance(form, Mixed)
    assert form.put(parts) == mixed


@pytest.mark.parametrize(
    "tree",
    [
        {"requests": []},
        {"parts": []},
        {"requests": [row("a")], "more": 1},
        {"requests": [GET]},
        {"requests": [row("a"), row("a")]},
        {"requests": [row("a b")]},
        {"requests": [row("a", other=1)]},
        {"requests": [row("a", method=1)]},
        {"requests": [row("a", url=None)]},
        {"requests": [row("a", headers=[])]},
        {"requests": [row("a", headers={"X": "1", "x": "2"})]},
        {"requests": [row("a", headers={"content-type": "text/plain"})]},
        {"requests": [row("a", atomicityGroup=1)]},
        {"requests": [row("a", dependsOn="b")]},
        {"requests": [row("a", dependsOn=["b"]), row("b")]},
        {"parts": [row("1", atomicityGroup="g")]},
        {"parts": [[[GET]]]},
        {"requests": [row(f"a{number}") for number in range(1_001)]},
        [],
    ],
)
def test_a_form_is_closed(tree: object) -> None:
    """What it has no member for, or says twice, is refused."""
    with pytest.raises(ExchangeError):
        form_of(tree)


def _part(name: str, group: str | None = None) -> Part:
    return Part("GET", "contacts", {}, None, name, group)


def test_named_answers_find_their_requests() -> None:
    """In any order; one that was not carried out has none; a stranger's is an error."""
    parts = [_part("a"), _part("b"), _part("c")]
    rows = [
        {"id": "c", "status": 204, "headers": {"location": "x"}},
        {"id": "a", "status": 200, "body": {"v": 1}},
    ]
    found = list(Named().answers({"responses": rows}, parts))
    assert found == [Told(0, 200, {"v": 1}), Told(2, 204, None)]
    told = Named().answered(found, parts)["responses"]
    assert told[1] == {"id": "c", "status": 204, "headers": {"odata-version": "4.0"}}
    for wrong in (
        [{"id": "z", "status": 200}],
        [{"id": "a", "status": 200}] * 2,
        [{"status": 200}],
        [{"id": "a", "status": True}],
        [{"id": "a", "status": 100}],
        {},
    ):
        with pytest.raises(UpstreamFault):
            list(Named().answers({"responses": wrong}, parts))


SET = [_part("1", "g"), _part("2", "g")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"status": 200}, [{"status": 204}, {"status": 204}]], [(0, 200), (1, 204), (2, 204)]),
        ([{"status": 200}, {"status": 412}], [(0, 200), (1, 412)]),
        ([{"status": 404}], [(0, 404)]),
        ([{"status": 200}], None),
        ([{"status": 200}, {"status": 200}], None),
        ([{"status": 200}, [{"status": 204}]], None),
        ([[{"status": 200}], [{"status": 204}, {"status": 204}]], None),
        ([{"status": 200}, [{"status": 204}, {"status": 204}], {"status": 200}], None),
        ([], None),
    ],
)
def test_answers_in_order_are_matched_set_by_set(
    rows: list[object], expected: list[tuple[int, int]] | None
) -> None:
    """After a failure there may be no more; any other difference is an error."""
    parts = [_part(""), *SET]
    if expected is None:
        with pytest.raises(UpstreamFault):
            list(Mixed().answers({"parts": rows}, parts))
        return
    found = list(Mixed().answers({"parts": rows}, parts))
    assert [(each.at, each.status) for each in found] == expected
    written = Mixed().answered(found, parts)["parts"]
    assert [isinstance(each, list) for each in written] == [isinstance(each, list) for each in rows]
