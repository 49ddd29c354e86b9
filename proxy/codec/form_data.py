"""`multipart/form-data` (RFC 7578): named values and files, each part read in one way or refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from proxy.codec.multipart import boundary_of, join, split
from proxy.errors import Undecodable

MEDIA_TYPE: Final = "multipart/form-data"

_QUOTED: Final = r'"([^"\\\r\n\0]{1,512})"'
_DISPOSITION: Final = re.compile(rf"form-data; ?name={_QUOTED}(?:; ?filename={_QUOTED})?", re.IGNORECASE)
_CONTENT_TYPE: Final = re.compile(
    r"[A-Za-z0-9.+\-]{1,64}/[A-Za-z0-9.+\-]{1,64}(?:; ?charset=utf-8)?", re.IGNORECASE
)
_KNOWN: Final = frozenset({"content-disposition", "content-type"})


@dataclass(frozen=True, slots=True)
class FormPart:
    """One named value or file."""

    name: str
    body: bytes
    filename: str | None = None
    content_type: str = ""
    """As it came; "" for none, which means text."""


def read_form(content_type: str | None, body: bytes) -> list[FormPart]:
    """Return the parts of a form.

    Raises:
        Undecodable: two names, none, `filename*`, an escape in a name, a part with a transfer encoding or with
            parts of its own, any other header, a name twice, or a body that can be cut in two ways.
    """
    parts = []
    for headers, inside in split(body, boundary_of(content_type, MEDIA_TYPE)):
        named = _DISPOSITION.fullmatch(headers.get("content-disposition", ""))
        kind = headers.get("content-type", "")
        odd = not headers.keys() <= _KNOWN or kind.lower().startswith("multipart/")
        if named is None or odd or (kind and not _CONTENT_TYPE.fullmatch(kind)):
            raise Undecodable("bad_multipart")
        parts.append(FormPart(named[1], inside, named[2], kind))
    if len({part.name for part in parts}) != len(parts):
        raise Undecodable("duplicate_key")
    return parts


def write_form(parts: Sequence[FormPart]) -> tuple[str, bytes]:
    """Return content type and body of a form that says what `parts` say.

    Raises:
        Undecodable: a name or a content type has no form here, or there is no part.
    """
    written = []
    for part in parts:
        named = f'form-data; name="{part.name}"'
        if part.filename is not None:
            named += f'; filename="{part.filename}"'
        if not _DISPOSITION.fullmatch(named) or not named.isprintable():
            raise Undecodable("unencodable_value")
        fields = [("content-disposition", named)]
        if part.content_type:
            if not _CONTENT_TYPE.fullmatch(part.content_type):
                raise Undecodable("unencodable_value")
            fields.append(("content-type", part.content_type))
        written.append((fields, part.body))
    if not written:
        raise Undecodable("unencodable_value")
    boundary, body = join(written)
    return f"{MEDIA_TYPE}; boundary={boundary}", body
