"""All packs at once, beside the example and on the CRMs that ship."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.model import Action, Catalogue
from proxy.policy import Checked, PolicySet, check_policies
from proxy.policy.packs import available, conflicts
from proxy.transforms import check_mask

POLICIES = Path(__file__).parents[3] / "policies"
LAWS = """\
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {name: laws}
packs: [PACKS]
sets: {transfer_tools: [], hipaa_baa: [], appi_equivalent: [], app8_basis: [], pipeda_processors: []}
"""


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory, catalogues: Mapping[str, Catalogue]
) -> tuple[PolicySet, Checked]:
    """Return the example as it is, and what checking it with all packs found."""
    folder = tmp_path_factory.mktemp("all") / "policies"
    shutil.copytree(POLICIES, folder)
    before = check_policies(folder, catalogues, check_mask=check_mask, clock=lambda: 1_795_424_400.0).policies
    (folder / "laws.yaml").write_text(LAWS.replace("PACKS", ", ".join(available(POLICIES))))
    after = check_policies(folder, catalogues, check_mask=check_mask, clock=lambda: 1_795_424_400.0)
    assert before is not None
    return before, after


def test_they_load_beside_the_example_without_a_finding(both: tuple[PolicySet, Checked]) -> None:
    """Words of different packs never clash, and on real connectors every condition can be asked."""
    assert [str(problem) for problem in both[1].problems if problem.code != "LG134"] == []


def test_the_terms_that_laws_leave_to_us_are_asked_for(both: tuple[PolicySet, Checked]) -> None:
    """Of each pack that leaves them; the example has them for contacts and leads only."""
    asked = [problem for problem in both[1].problems if problem.code == "LG134"]
    assert [each.message.split()[0] for each in asked] == ["appi-jp", "gdpr-eu", "pipeda-ca", "privacy-act-au"]
    assert all("Case of salesforce" in each.message for each in asked)
    assert not any("Contact of salesforce" in each.message for each in asked)


def test_they_open_nothing(both: tuple[PolicySet, Checked]) -> None:
    """For every client, object and action, each field comes out as closed as before, or more."""
    before, after = both[0], both[1].policies
    assert after is not None
    closed = 0
    for client in before.clients.values():
        for connector, catalogue in before.catalogues.items():
            for name, spec in catalogue.items():
                for action in (Action.READ, Action.FILTER, Action.UPDATE, Action.ERASE):
                    for purpose in client.purposes:
                        old, new = (
                            policies.plan(
                                connector=connector,
                                roles=client.roles,
                                purpose=purpose,
                                recipient=client.recipient.name,
                                action=action,
                                object=name,
                            ).decision
                            for policies in (before, after)
                        )
                        for field in ("", *spec.fields):
                            assert new.of(field).effect >= old.of(field).effect
                            closed += new.of(field).effect > old.of(field).effect
    assert closed > 0


def test_where_they_differ_is_said(both: tuple[PolicySet, Checked]) -> None:
    """One law redacts notes that another denies; the line says which of them holds."""
    assert both[1].policies is not None
    (line,) = [
        each
        for each in conflicts(both[1].policies)
        if each.startswith("gdpr-eu.free-text (redact) and hipaa-us.safe-harbor (deny) ")
    ]
    assert line.endswith(": deny holds")
