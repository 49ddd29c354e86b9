"""What editors get: one schema for every kind of document Lychgate reads, with the names of a policy set."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from proxy.app import load_connectors
from proxy.config import Config
from proxy.connectors.spec import ConnectorFile
from proxy.errors import Problems
from proxy.model import Catalogue
from proxy.policy.editing.kinds import KINDS
from proxy.policy.editing.schema import Words, schema, words_of
from proxy.policy.editing.tidy import Kinds
from proxy.policy.gather import gather

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
    gathered = gather(folder)
    vocabularies = None if gathered.words_missing else [document for _, document in gathered.vocabularies]
    catalogues: Mapping[str, Catalogue] | None
    try:
        catalogues = {name: found.catalogue for name, found in load_connectors(folder, None).items()}
    except Problems:
        catalogues = None
    return words_of(vocabularies, catalogues)
