"""A set's own tests are run by the masks that serve requests."""

from pathlib import Path

from proxy.loading import load_connectors
from proxy.policy import Checked, check_policies
from proxy.rehearsal import rehearse
from proxy.transforms import check_mask

SHIPPED = Path(__file__).parents[1] / "policies"
HEAD = "apiVersion: lychgate.dev/v1\nkind: PolicyTest\nnow: 2026-11-23T09:00:00Z\n"
TEST = """\
records: {mara: {object: Contact, fields: {Phone: "+353861234567"}}}
callers: {agent: {roles: [support_agent], recipient: helpdesk_app}}
tests:
  - {name: whole, caller: agent, purpose: customer_support, action: read, record: mara, expect: {Phone: allow}}
  - {name: ending, caller: agent, purpose: customer_support, action: read, record: mara, expect: {Phone: mask}}
"""


def test_each_failing_case_is_a_problem_at_its_place(tmp_path: Path) -> None:
    """Test, field, what was expected, what came out and by which rule; those that pass are none."""
    for path in (SHIPPED / "example").glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "own.yaml").write_text(HEAD + TEST)
    catalogues = {name: found.catalogue for name, found in load_connectors(SHIPPED, None).items()}
    checked = check_policies(tmp_path, catalogues, check_mask=check_mask, clock=lambda: 1_795_424_400.0)
    (problem,) = rehearse(checked, catalogues)
    assert (problem.file, problem.line, problem.code) == (str(tmp_path / "own.yaml"), 7, "LG128")
    assert problem.message == (
        'test "whole" fails: Phone: expected allow, got mask(phone_ending) by support-phone-masked'
    )
    assert rehearse(Checked(None, (), 0, 0, 0, 0), catalogues) == ()
