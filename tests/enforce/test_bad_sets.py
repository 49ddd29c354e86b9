"""A policy set that cannot be used is told with its place, and changes nothing in a running proxy."""

import json
from pathlib import Path

import pytest

from proxy.errors import Problems
from tests.enforce.conftest import RECORD, Stand, http

HEAD = "apiVersion: lychgate.dev/v1\nkind: Policy\nmetadata: {name: bad}\n"
GUARD = HEAD + "guards:\n  - {id: bad, effect: deny, actions: [read], on: {objects: [Contact]}, %s}\n"
BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
ANSWER = {
    "attributes": {"type": "Contact", "url": "/services/data/v59.0/sobjects/Contact/003000000000001AAA"},
    "Id": "003000000000001AAA",
    "Email": "mara@example.org",
}
BAD = [
    # what a person writes, the code, and the line that is told
    (GUARD % "excpt: {roles: [marketer]}", "LG101", 5),  # a key misspelt
    (GUARD % "roles: [supprt_agent]", "LG101", 5),
    (GUARD.replace("id: bad", "id: special-categories") % "mode: warn", "LG107", 5),  # of another file
    (GUARD % "when: resource.restricted == 'yes'", "LG122", 5),
    (GUARD % "when: resource.restrictd", "LG101", 5),  # an attribute nobody declares
    (GUARD % "when: resource.country == 'IE'", "LG105", 5),  # which may be absent
    ((GUARD % "mode: warn")[:-20], "LG100", 6),  # half-written
    ("a0: &a0 [x]\n" + BOMB, "LG100", 1),
    (GUARD % "exceptions: [{owner: kim, because: x, until: 2020-01-31, roles: [marketer]}]", "LG111", 5),
    (HEAD + f"extends: {{file: example/guards.yaml, sha256: {'a' * 64}}}\n", "LG126", 4),
]


@pytest.mark.parametrize(("text", "code", "line"), BAD)
async def test_a_bad_set_is_told_and_the_one_before_it_goes_on(
    stand: Stand, text: str, code: str, line: int
) -> None:
    """The problem has a file and a line; what is enforced, and the digest it is known by, stay."""
    stand.upstream.answer = http("200 OK", json.dumps(ANSWER).encode())
    before = stand.app.gateways["salesforce"].rules.policies.digest
    path = stand.app.config.policies / "new.yaml"
    path.write_text(text)
    with pytest.raises(Problems) as caught:
        stand.app.reload()
    told = [(each.code, each.line) for each in caught.value.problems if each.file == str(path)]
    assert (code, line) in told
    assert stand.app.gateways["salesforce"].rules.policies.digest == before
    assert b"mara@example.org" in await stand.ask("GET", RECORD)
    assert stand.entries()[-1]["policy"] == before


async def test_a_link_out_of_the_folder_is_not_followed(stand: Stand, tmp_path: Path) -> None:
    """Nor read: it could point at a file that says more than anybody reviewed."""
    outside = tmp_path / "outside.yaml"
    outside.write_text(GUARD % "mode: warn")
    (stand.app.config.policies / "link.yaml").symlink_to(outside)
    with pytest.raises(Problems) as caught:
        stand.app.reload()
    assert [each.message for each in caught.value.problems if each.severity == "error"] == [
        "is a link; links are not followed"
    ]
