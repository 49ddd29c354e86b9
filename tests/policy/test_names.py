"""Names and the near word."""

from proxy.policy.names import MAX_SUGGESTED, Findings, Spot, declare
from proxy.yamlfile import YamlFile

FILE = YamlFile("p.yaml", {}, {(): (1, 1), ("a",): (2, 3), ("a", 0): (3, 5)}, {("a",): (2, 1)})
SPOT = Spot(FILE)


def test_a_selector_keeps_none_apart_from_nothing_known() -> None:
    """A missing selector means any; one with only unknown names means nobody, and is noted."""
    findings = Findings()
    assert findings.selector(SPOT / "a", "role", None, {"x"}) is None
    assert findings.problems == []
    assert findings.selector(SPOT / "a", "role", ["agnet"], {"agent"}) == frozenset()
    assert [str(problem) for problem in findings.problems] == [
        'p.yaml:3:5: error LG101: unknown role "agnet" (did you mean "agent"?)'
    ]


def test_an_unknown_word_lists_what_is_declared_when_nothing_is_near() -> None:
    """With few words declared, all of them are shown."""
    findings = Findings()
    findings.known(SPOT, "role", "zzz", {"agent", "lead"})
    assert findings.problems[0].message == 'unknown role "zzz"; declared: agent, lead'


def test_only_the_first_hundred_unknown_words_get_a_near_word() -> None:
    """Each is compared with every known one; a set full of them must not take a minute to be refused."""
    findings = Findings()
    for _ in range(MAX_SUGGESTED + 50):
        findings.known(SPOT, "role", "agnet", {"agent", *map(str, range(20))})
    near = [problem.message.endswith('(did you mean "agent"?)') for problem in findings.problems]
    assert near == [True] * MAX_SUGGESTED + [False] * 50


def test_with_a_broken_vocabulary_its_words_are_not_reported_missing() -> None:
    """One slip in the vocabulary does not bury itself; fields and objects are still checked."""
    findings = Findings(words_missing=True)
    assert not findings.known(SPOT, "role", "agent", set())
    assert findings.problems == []
    assert not findings.known(SPOT, "field", "Phone", set())
    assert len(findings.problems) == 1


def test_a_name_declared_twice_shows_both_places() -> None:
    """The second place is the problem, the first is named."""
    findings = Findings()
    other = YamlFile("q.yaml", {}, {(): (1, 1)}, {("a",): (7, 1)})
    sections = [(Spot(FILE), {"a": 1}), (Spot(other), {"a": 2})]
    assert declare(sections, "role", findings, lambda _, __, value: value) == {"a": 1}
    (problem,) = findings.problems
    assert (problem.file, problem.line, problem.code, problem.also) == ("q.yaml", 7, "LG107", "p.yaml:2:1")
