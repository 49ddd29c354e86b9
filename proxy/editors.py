"""What editors get: one schema for every kind of document Lychgate reads, with the names of a policy set."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from proxy.config import Config
from proxy.connectors.spec import ConnectorFile
from proxy.errors import Problems
from proxy.loading import load_connectors
from proxy.model import Catalogue
from proxy.policy.documents import VocabularyDocument
from proxy.policy.editing.kinds import KINDS
from proxy.policy.editing.schema import Words, schema, words_of
from proxy.policy.editing.tidy import Kinds
from proxy.policy.gather import gather
from proxy.policy.sources.folder import policy_paths
from proxy.yamlfile import read_yaml, validate

ALL_KINDS: Final[Kinds] = {**KINDS, "Connector": ConnectorFile, "Gateway": Config}
"""Those of a policy set, connectors, and `lychgate.yaml`."""


def schema_text(folder: Path | None) -> str:
    """Return the schema as it is written to a file, with the names of the policy set in a folder.

    Raises:
        Problems: there is no policy set in the folder.
    """
    words = project_words(folder) if folder is not None else None
    return json.dumps(schema(ALL_KINDS, words), indent=2) + "\n"


def project_words(folder: Path) -> Words:
    """Return the names of a policy set as far as it can be read; what cannot be read restricts nothing.

    Raises:
        Problems: there is no policy set in the folder.
    """
    gather(folder)  # tells a folder without policies from one without names
    catalogues: Mapping[str, Catalogue] | None
    try:
        catalogues = {name: found.catalogue for name, found in load_connectors(folder, None).items()}
    except Problems:
        catalogues = None
    return words_of(_vocabularies(folder), catalogues)


def _vocabularies(folder: Path) -> list[VocabularyDocument] | None:
    """Return every vocabulary below a folder, also of packs that nobody has chosen; None if one is lost."""
    try:
        names = [name for name in policy_paths(folder) if not name.startswith("connectors/")]
        files = [file for name in names for file in read_yaml(folder / name, root=folder)]
        return [
            validate(file, VocabularyDocument)
            for file in files
            if isinstance(file.data, dict) and file.data.get("kind") == "Vocabulary"
        ]
    except (OSError, Problems):
        return None
