"""Files that a person writes, read with the place of everything in them, so that each mistake has a line.

Nouns: `YamlFile` is one YAML document with its data and the place of every key and value. `Strict` is the
base of every model that describes a document. The story starts in `read_yaml`, which opens one file and
returns its documents; `validate` then turns a document into a model; `frame` draws a `Problem` for a
terminal. Every failure is a `proxy.errors.Problems`, complete: the author sees all mistakes of a run at once.

This package does not know any kind of document, does not follow links or includes, and expands nothing: no
anchors, aliases, merge keys, tags or environment variables.

Why a reader of our own: the usual ones resolve YAML 1.1, where the country code NO is false and 12:30 is a
number, keep the last of two equal keys without a word, and forget where a value stood. In a privacy policy
each of these is a leak that nobody sees in review. Events come from libyaml through PyYAML; only the
resolution of scalars and the bookkeeping of places are ours. Duplicate keys and aliases are refused rather
than defined, because a reviewer reads the file, not the specification.
"""

from proxy.yamlfile.checking import Strict, nearest, plain_types, validate
from proxy.yamlfile.framing import frame
from proxy.yamlfile.opening import read_text
from proxy.yamlfile.reading import Path, Place, YamlFile, parse_yaml, read_yaml

__all__ = [
    "Path",
    "Place",
    "Strict",
    "YamlFile",
    "frame",
    "nearest",
    "parse_yaml",
    "plain_types",
    "read_text",
    "read_yaml",
    "validate",
]
