"""Which files belong to a policy set."""

from pathlib import Path
from typing import Any

import pytest

from proxy.errors import Problems
from proxy.policy.gather import gather


def test_everything_below_the_folder_counts_except_connectors_and_hidden_files(bench: Any) -> None:
    """Folders order files for people; only `connectors/` means something else."""
    for name in (
        "a.yaml",
        "deep/er/b.yml",
        "connectors/c.yaml",
        "x/connectors/d.yaml",
        ".git/e.yaml",
        ".f.yaml",
    ):
        bench.write(name, "", kind="Policy")
    bench.write("notes.md", "not policy")
    names = [Path(file.path).name for file, _ in gather(bench.folder).policies]
    assert names == ["a.yaml", "b.yml"]
    assert gather(bench.folder).files == 3  # the two and the vocabulary


def test_a_folder_without_policy_is_refused(tmp_path: Path) -> None:
    """A wrong path must not pass for a policy that denies everything."""
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(Problems):
            gather(folder)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("kind: Polcy\n", "LG101", 'unknown kind "Polcy" (did you mean "Policy"?)'),
        ("kind: Thing\n", "LG101", 'unknown kind "Thing"; expected one of Vocabulary, Policy'),
        ("kind: Connector\n", "LG101", "a Connector belongs in the folder connectors/"),
        ("grants: []\n", "LG117", 'missing key "kind"'),
        ("- kind: Policy\n", "LG117", 'missing key "kind"'),
        ("kind: Policy\nkind: Policy\n", "LG107", 'key "kind" stands twice; keep one'),
    ],
)
def test_a_document_of_no_known_kind_is_an_error(bench: Any, text: str, code: str, message: str) -> None:
    """Nothing in the folder is silently left out."""
    bench.write("p.yaml", text)
    found = gather(bench.folder).problems
    assert [(each.code, each.message.startswith(message)) for each in found] == [(code, True)]


def test_a_link_in_the_folder_is_a_problem(bench: Any, tmp_path: Path) -> None:
    """Neither a linked file nor a linked folder brings rules in from elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "p.yaml").write_text("kind: Policy\n")
    (bench.folder / "linked").symlink_to(outside)
    (bench.folder / "p.yaml").symlink_to(outside / "p.yaml")
    found = gather(bench.folder).problems
    assert [(Path(each.file).name, each.code) for each in found] == [("linked", "LG100"), ("p.yaml", "LG100")]


def test_the_digest_sees_every_document(bench: Any) -> None:
    """What is read is what is signed for: several documents in one file are several documents."""
    document = "apiVersion: lychgate.dev/v1\nkind: Policy\nmetadata: {name: a}\n"
    bench.write("p.yaml", f"{document}---\n{document}")
    assert len(gather(bench.folder).documents) == 3  # the vocabulary and the two
