"""From a folder of files to a `PolicySet`, or to every problem in them."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from proxy.errors import Problem, Problems
from proxy.model import Action, Catalogue
from proxy.policy.checks import check_rules
from proxy.policy.compile import NO_CONNECTORS, PolicySet
from proxy.policy.dates import check_dates
from proxy.policy.erasing import check_endings, link_erasing
from proxy.policy.floors import check_floors
from proxy.policy.gather import gather
from proxy.policy.grouping import link_groups
from proxy.policy.link import link_rules
from proxy.policy.lints import lint
from proxy.policy.names import Findings
from proxy.policy.protection import link_protection
from proxy.policy.retention.asked import check_terms
from proxy.policy.retention.checks import check_retention
from proxy.policy.retention.link import link_retention
from proxy.policy.rules import CheckMask
from proxy.policy.testing import Case, link_tests
from proxy.policy.validity import link_validity
from proxy.policy.vocabulary import Vocabulary, link_vocabulary
from proxy.policy.waivers import waivers_of


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a folder found."""

    policies: PolicySet | None
    """None when there is an error."""
    problems: tuple[Problem, ...]
    """Errors and warnings, sorted by place."""
    files: int
    rules: int
    fields: int
    """Fields that connectors list."""
    cells: int
    """Distinct (role, purpose, recipient, action, object, field) that the rules speak about."""
    tests: tuple[Case, ...] = ()
    """The set's own tests, linked; whether they pass is for those to say who can carry out a decision."""

    @property
    def errors(self) -> int:
        """How many of the problems keep the set from being activated."""
        return sum(problem.severity == "error" for problem in self.problems)


def load_policies(
    folder: Path,
    catalogues: Mapping[str, Catalogue],
    *,
    check_mask: CheckMask,
    connectors: Mapping[str, object] = NO_CONNECTORS,
    clock: Callable[[], float] = time.time,
) -> PolicySet:
    """Return the policy set of a folder, checked.

    Args:
        folder: read with everything below it, except `connectors/` and hidden files.
        catalogues: what each connector lists, by the connector's name.
        check_mask: says whether a mask can be carried out.
        connectors: the connectors' whole documents as plain data, by name; with them the digest covers all
            that connectors say, and a review compares it.
        clock: seconds since the epoch, for rules with a first or last day.

    Raises:
        Problems: every error and warning at once, when at least one is an error.
    """
    checked = check_policies(folder, catalogues, check_mask=check_mask, connectors=connectors, clock=clock)
    if checked.policies is None:
        raise Problems(checked.problems)
    return checked.policies


def check_policies(
    folder: Path,
    catalogues: Mapping[str, Catalogue],
    *,
    check_mask: CheckMask,
    connectors: Mapping[str, object] = NO_CONNECTORS,
    clock: Callable[[], float] = time.time,
) -> Checked:
    """Return everything that is wrong with a folder and, unless there is an error, its policy set.

    Raises:
        Problems: the folder cannot be listed or is empty.
    """
    today = datetime.fromtimestamp(clock(), UTC).date()
    gathered = gather(folder)
    files = (*gathered.vocabularies, *gathered.policies, *gathered.retentions, *gathered.erasures)
    waivers = waivers_of(files, today)
    findings = Findings(list(gathered.problems), gathered.words_missing, waivers.silence)
    vocabulary = link_vocabulary(gathered.vocabularies, check_mask, findings)
    written = link_rules(gathered.policies, vocabulary, catalogues, findings, gathered.floors)
    validity = link_validity(gathered.policies, vocabulary, catalogues, findings)
    groups = link_groups(gathered.policies, vocabulary, catalogues, findings)
    protection = link_protection(gathered.policies, vocabulary, catalogues, findings)
    retention = link_retention(gathered.retentions, vocabulary, catalogues, findings)
    erasing = link_erasing(gathered.erasures, vocabulary, catalogues, findings, connectors)
    check_floors(gathered.floors, gathered.vocabularies, gathered.policies, vocabulary, findings)
    tests = link_tests(gathered.tests, vocabulary, catalogues, findings)
    if not any(problem.severity == "error" for problem in findings.problems):
        check_rules(written, vocabulary, catalogues, findings)
        lint(written, vocabulary, catalogues, findings, groups)
        check_endings(gathered.erasures, erasing, catalogues, connectors, findings)
        check_retention(retention, catalogues, today, findings)
        check_terms(retention.retention, gathered.vocabularies, gathered.packs, catalogues, findings)
        check_dates(files, written, vocabulary, today, findings)
        waivers.report(findings)
    problems = tuple(sorted(set(findings.problems)))
    policies = None
    if not any(problem.severity == "error" for problem in problems):
        digest = digest_of(gathered.documents, catalogues, connectors.values())
        rules = (each.rule for each in written)
        policies = PolicySet(
            rules,
            vocabulary,
            catalogues,
            digest=digest,
            clock=clock,
            connectors=connectors,
            retention=retention.retention,
            erasing=erasing,
            validity=validity,
            groups=groups,
            protection=protection,
        )
    fields = sum(len(spec.fields) for catalogue in catalogues.values() for spec in catalogue.values())
    own = sum(not each.rule.built_in for each in written)
    cells = fields * len(Action) * _askers(vocabulary)
    return Checked(policies, problems, gathered.files, own, fields, cells, tests)


def digest_of(
    documents: Iterable[object], catalogues: Mapping[str, Catalogue], connectors: Iterable[object] = ()
) -> str:
    """Return `sha256:` and the hex digest of all that decisions depend on.

    Names of files and the order of documents do not count; comments and layout do not either.
    """
    listed = {
        connector: {
            name: [
                {field: [of.category, sorted(of.tags), of.semantic] for field, of in spec.fields.items()},
                {
                    known: [of.field, of.type, of.optional, repr(of.default)]
                    for known, of in spec.attributes.items()
                },
            ]
            for name, spec in catalogue.items()
        }
        for connector, catalogue in catalogues.items()
    }
    parts = [*sorted(map(_canonical, documents)), _canonical(listed), *sorted(map(_canonical, connectors))]
    return f"sha256:{hashlib.sha256(_canonical(parts).encode()).hexdigest()}"


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _askers(vocabulary: Vocabulary) -> int:
    return len(vocabulary.roles) * len(vocabulary.purposes) * len(vocabulary.recipients)
