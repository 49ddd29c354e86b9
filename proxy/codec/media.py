"""Which codec reads a body: the content type taken literally, or not at all.

Nobody sniffs. A media type that no codec claims, one the route does not expect, a charset other than UTF-8, a
parameter we do not know: refused, because a client or a CRM that believes the header would read another
document than we did.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Protocol

from proxy.codec.batch import MEDIA_TYPE, OdataBatch
from proxy.codec.csv_text import CSV_CODECS
from proxy.codec.form import Form
from proxy.codec.json_text import JsonText
from proxy.codec.ndjson import Ndjson
from proxy.codec.small import QUERY_TEXTS, PlainValue
from proxy.codec.xml_text import SALESFORCE_BULK, SALESFORCE_SOAP
from proxy.codec.xmlrpc import XmlRpc
from proxy.columns import PageAt
from proxy.errors import Undecodable
from proxy.message import Tree


class Codec(Protocol):
    """Reads and writes bodies of one kind; implementations are stateless."""

    @property
    def name(self) -> str:
        """What a connector calls it: `json`, `xmlrpc`, `csv`."""

    @property
    def media_types(self) -> frozenset[str]:
        """Lower-case `type/subtype` that mean this codec."""

    @property
    def content_type(self) -> str:
        """What a body that `encode` wrote must be labelled."""

    def decode(self, body: bytes) -> Tree:
        """Return what `body` says, all of it; MUST raise Undecodable where two readers could differ."""

    def encode(self, tree: Tree) -> bytes:
        """Return a body that `decode` reads as `tree`; opaque leaves MUST come out as they went in."""


CODECS: Final[tuple[Codec, ...]] = (
    JsonText(),
    XmlRpc(),
    Ndjson(),
    SALESFORCE_SOAP,
    SALESFORCE_BULK,
    Form(),
    PlainValue(),
    *CSV_CODECS,
    *QUERY_TEXTS,
)
"""Every codec there is: add one here, and its parameters below. Where two share a media type, the route says
which of them it takes; one that takes both gets the first."""

_PARAMETERS: Final[Mapping[str, frozenset[str]]] = {
    # OData's parameters ask for annotations, which are members like any other (OData JSON 4.01 section 3).
    "json": frozenset({"charset", "odata.metadata", "odata.streaming", "ieee754compatible"}),
    "xmlrpc": frozenset({"charset"}),
    "ndjson": frozenset({"charset"}),
    "form": frozenset({"charset"}),
    "plain": frozenset({"charset"}),
    SALESFORCE_SOAP.name: frozenset({"charset"}),
    SALESFORCE_BULK.name: frozenset({"charset"}),
    **{codec.name: frozenset({"charset"}) for codec in QUERY_TEXTS},
    **{codec.name: frozenset({"charset", "header"}) for codec in CSV_CODECS},
}
_VALUES: Final[Mapping[str, str]] = {"charset": "utf-8", "header": "present"}
"""Parameter -> the only value it may have (RFC 4180 section 3: without a header, columns have no names)."""
_SUFFIXES: Final[Mapping[str, str]] = {"json": "json"}
"""Structured syntax suffix (RFC 6839) -> codec; only below `application/`."""

_BY_NAME: Final[Mapping[str, Codec]] = {codec.name: codec for codec in CODECS}
_BY_TYPE: Final[Mapping[str, tuple[Codec, ...]]] = {
    media: tuple(codec for codec in CODECS if media in codec.media_types)
    for media in frozenset().union(*(codec.media_types for codec in CODECS))
}

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,127}"  # noqa: S105 - RFC 9110's word for it
_MEDIA_TYPE: Final = re.compile(rf"({_TOKEN}/{_TOKEN})((?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|\"{_TOKEN}\"))*)")
_MULTIPART: Final = re.compile(rf"{re.escape(MEDIA_TYPE)}[ \t]*;", re.IGNORECASE)
"""Its boundary is another in each body, and so is the codec."""
_PARAMETER: Final = re.compile(rf"({_TOKEN})=\"?({_TOKEN})\"?")


def codec_for(content_type: str | None, allowed: frozenset[str]) -> Codec:
    """Return the codec for a body labelled `content_type`, one of those called `allowed`.

    Args:
        content_type: the header's value as it came (RFC 9110 section 8.3.1), or None if there is none.
        allowed: names of the codecs that the route takes.

    Raises:
        Undecodable: 415, for anything but a known media type in UTF-8 that the route takes.
    """
    if content_type is not None and OdataBatch.name in allowed and _MULTIPART.match(content_type):
        return OdataBatch.of(content_type)
    for codec in _read(content_type) if content_type is not None else ():
        if codec.name in allowed:
            return codec
    raise Undecodable("unknown_media_type", status=415)


def decode_answer(codec: Codec, body: bytes, at: PageAt | None) -> Tree:
    """Return what a body says, its records at `at` as `Columns` if this codec can hold them so.

    Raises:
        Undecodable: as `Codec.decode`.
    """
    return codec.decode_page(body, at) if at is not None and isinstance(codec, JsonText) else codec.decode(body)


def codec_named(allowed: frozenset[str]) -> Codec:
    """Return the first codec of the table that is called one of `allowed`, for a body of our own making.

    Raises:
        Undecodable: none is.
    """
    for codec in CODECS:
        if codec.name in allowed:
            return codec
    raise Undecodable("unknown_media_type", status=415)


@lru_cache(maxsize=256)
def _read(content_type: str) -> tuple[Codec, ...]:
    """Return the codecs that read such a body, if it is labelled in a way that all readers understand."""
    found = _MEDIA_TYPE.fullmatch(content_type)
    if found is None:
        return ()
    media = found[1].lower()
    codecs = _BY_TYPE.get(media, ())
    if not codecs and media.startswith("application/") and "+" in media:
        codec = _BY_NAME.get(_SUFFIXES.get(media.rpartition("+")[2], ""))
        codecs = () if codec is None else (codec,)
    parameters = [(name.lower(), value.lower()) for name, value in _PARAMETER.findall(found[2])]
    names = [name for name, _ in parameters]
    if len(set(names)) != len(names) or any(_VALUES.get(name, value) != value for name, value in parameters):
        return ()
    return tuple(codec for codec in codecs if _PARAMETERS[codec.name].issuperset(names))
