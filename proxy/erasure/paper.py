"""A certificate of erasure as PDF, to be filed, printed or sent: the facts of the page, in the same order.

It is laid out in Courier, whose letters are all as wide, so that lines can be broken without the measures of a
font; the fonts are those that every reader has. A letter that they do not have stands as its number (`\\u65e5`),
never as a question mark: the same facts, if less beautiful. The same certificate is the same bytes.
"""

import io
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import pydyf

from proxy.erasure.certificate import CHECK, NOBODY, list_of, plainly, sections

_WIDTH, _HEIGHT = 595, 842
"""A4, in points."""
_MARGIN: Final = 54
_LETTERS: Final = 90
"""On a line of text."""
_SIZES: Final[Mapping[str, tuple[float, float]]] = {"F1": (9, 13), "F2": (12, 26), "F3": (18, 30)}
"""Of text, headings and the title: points of the letters, and of the line."""
_FONTS: Final = {"F1": "Courier", "F2": "Helvetica-Bold", "F3": "Helvetica-Bold"}
Line = tuple[str, str]
"""Font, and what stands on one line."""


def pdf(said: Mapping[str, object], notice: str = "") -> bytes:
    """Return the certificate as PDF 1.7.

    Args:
        said: what a certificate says, checked.
        notice: what `superseded` says of it.
    """
    document = pydyf.PDF()
    document.info["Title"] = pydyf.String(f"Certificate of erasure {said['case']}")
    document.info["Producer"] = pydyf.String("Lychgate")
    fonts = pydyf.Dictionary({name: _font(document, base).reference for name, base in _FONTS.items()})
    for lines in _pages(_lines(said, notice)):
        stream = pydyf.Stream(compress=True)
        _draw(stream, lines)
        document.add_object(stream)
        document.add_page(
            pydyf.Dictionary({
                "Type": "/Page", "Parent": document.pages.reference, "Contents": stream.reference,
                "MediaBox": pydyf.Array([0, 0, _WIDTH, _HEIGHT]), "Resources": pydyf.Dictionary({"Font": fonts}),
            })
        )  # fmt: skip
    written = io.BytesIO()
    document.write(written)
    return written.getvalue()


def _lines(said: Mapping[str, object], notice: str) -> Iterator[Line]:
    yield "F3", "Certificate of erasure"
    for plain in filter(None, (notice, *plainly(said))):
        yield from _broken(plain)
    yield from _broken(f"Edition {said['edition']} of case {said['case']}, issued by {said['installation']}.")
    yield from _broken(f"{NOBODY} {said['subject']}.")
    for title, rows in sections(said):
        yield "F2", title
        for row in rows:
            yield from _broken("; ".join(f"{name}: {value}" for name, value in row.items() if str(value)))
        if not rows:
            yield "F1", "Nothing."
    yield "F2", "What remains, or could not be looked into"
    for line in list_of(said["remains"]):
        yield from _broken(f"- {line}")
    yield "F2", "To check it"
    yield from _broken(f"{CHECK} Plan agreed to: {said['plan']}.")


def _broken(text: str) -> Iterator[Line]:
    """Yield a paragraph as lines that fit."""
    plain = text.encode("cp1252", "backslashreplace").decode("cp1252")
    for at, line in enumerate(textwrap.wrap(plain, _LETTERS - 2) or [""]):
        yield "F1", line if at == 0 else f"  {line}"


def _pages(lines: Iterable[Line]) -> Iterator[list[Line]]:
    page: list[Line] = []
    left = float(_HEIGHT - 2 * _MARGIN)
    for font, text in lines:
        high = _SIZES[font][1]
        # A heading does not stand alone at the end of a page.
        if high + (2 * _SIZES["F1"][1] if font != "F1" else 0) > left:
            yield page
            page, left = [], float(_HEIGHT - 2 * _MARGIN)
        page.append((font, text))
        left -= high
    yield page


def _draw(stream: pydyf.Stream, lines: Iterable[Line]) -> None:
    down = float(_HEIGHT - _MARGIN)
    stream.begin_text()
    for font, text in lines:
        size, high = _SIZES[font]
        down -= high
        stream.set_font_size(font, size)
        stream.set_text_matrix(1, 0, 0, 1, _MARGIN, down)
        stream.show_text(f"<{text.encode('cp1252').hex()}>".encode())
    stream.end_text()


def _font(document: pydyf.PDF, base: str) -> pydyf.Dictionary:
    font = pydyf.Dictionary({
        "Type": "/Font", "Subtype": "/Type1", "BaseFont": f"/{base}", "Encoding": "/WinAnsiEncoding"
    })  # fmt: skip
    document.add_object(font)
    return font
