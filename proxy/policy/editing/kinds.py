"""Which model each kind of document has."""

from typing import Final

from proxy.policy.documents import PolicyDocument, VocabularyDocument
from proxy.policy.editing.tidy import Kinds
from proxy.policy.erasing.documents import ErasureDocument
from proxy.policy.packs.documents import PackDocument
from proxy.policy.retention.documents import RetentionDocument
from proxy.policy.testing.documents import PolicyTestDocument

KINDS: Final[Kinds] = {
    "Vocabulary": VocabularyDocument,
    "Policy": PolicyDocument,
    "Retention": RetentionDocument,
    "Erasure": ErasureDocument,
    "PolicyTest": PolicyTestDocument,
    "Pack": PackDocument,
}
"""Kinds that a policy set is made of; connectors and the like come from whoever reads those."""
