"""The order of keys, as far as models know it."""

import pytest

from proxy.policy.documents import PolicyDocument, RuleDocument, VocabularyDocument
from proxy.policy.editing.order import Keys, keys_of


def test_every_key_of_a_model_has_a_place() -> None:
    """The reading order of rules misses no key that the model has; none has the first of two places."""
    for model in (RuleDocument, PolicyDocument, VocabularyDocument):
        names = {field.alias or name for name, field in model.model_fields.items()}
        found = keys_of((model,))
        assert names <= set(found)
        assert len(found) == len(set(found))
    assert keys_of((PolicyDocument,))[:3] == ("apiVersion", "kind", "metadata")


@pytest.mark.parametrize(
    ("path", "first", "second"),
    [
        (["grants"], "id", "effect"),  # through a list
        (["guards", "on"], "objects", "tags"),
        (["guards", "except"], "roles", "recipients"),  # an alias in Python
    ],
)
def test_keys_below_keys(path: list[str], first: str, second: str) -> None:
    """Each level has the order of its own model, and what it does not know comes last."""
    keys = Keys((PolicyDocument,))
    for word in path:
        keys = keys.below(word)
    assert keys.place(first) < keys.place(second) < keys.place("unknown")


def test_names_of_the_author_have_no_order_and_what_is_below_them_has() -> None:
    """Roles stay as they were written, whatever a key of the language is called."""
    roles = Keys((VocabularyDocument,)).below("roles")
    assert roles.names
    assert roles.place("description") == roles.place("refs")
    role = roles.below("agent")
    assert role.place("description") < role.place("refs")
    assert Keys().below("anything").place("id") == 0
