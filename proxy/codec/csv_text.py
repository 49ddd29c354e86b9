"""CSV bodies of ordinary size as a codec: a list of records, each a dict from column to text.

A route declares it by name, like `json`: `media: [csv]` for the bodies it takes, `answers_in: [json, csv]`
for the answers that come back (with `json`, so that errors still can), and the place of the records in its
answer is `$[*]: record`. The names say the dialect: `csv`, `csv_semicolon`, `csv_tab`, `csv_pipe`,
`csv_caret`, `csv_backquote`, each also with `_crlf` where the CRM asks for that end of line when it is
written to (any of them reads both), and each also with `_sheet`.

`_sheet` is for people who open the answer in a spreadsheet: a cell that would be run as a formula gets an
apostrophe (threat CS-09). It changes values, so it is nothing for a request.

Leaves are str. One that stood in quotes is a `Quoted`, which is a str in every respect; that is how what
nobody touched is written as it came. A null, which is what policy makes of a hidden value, becomes an empty
cell. The header is the union of the records' members, so a column hidden from everybody is not there, and a
body without any record is an empty one.
"""

import re
from collections.abc import Iterable
from typing import Final

from proxy.codec.csv_rows import Dialect, Row, RowReader, Style, quoted, value_of
from proxy.errors import Undecodable
from proxy.message import Tree, scalar_text

MAX_CELLS: Final = 300_000
"""Of one body that is held whole; a longer one is for the stream."""
SEPARATORS: Final = {"": ",", "_semicolon": ";", "_tab": "\t", "_pipe": "|", "_caret": "^", "_backquote": "`"}

_FORMULA: Final = re.compile("[=@\t\r\n\uff1d\uff0b\uff0d\uff20]|[+-](?![0-9][0-9 .,/()-]*$)")
"""How a cell starts that spreadsheets compute (OWASP, "CSV injection"); a signed number or a phone number is
none."""


class Quoted(str):
    """A text that stood in quotes."""

    __slots__ = ()


def harmless(value: str) -> str:
    """Return `value` so that a spreadsheet shows it and does not compute it."""
    return f"'{value}" if _FORMULA.match(value.lstrip(" ")) else value


class CsvText:
    """The codec for CSV in one dialect; stateless."""

    media_types: Final = frozenset({"text/csv"})
    content_type: Final = "text/csv; charset=utf-8"

    def __init__(self, name: str, separator: str, end: str = "\n", *, sheet: bool = False) -> None:
        self.name: Final = name
        self.dialect: Final = Dialect(separator)
        self.sheet: Final = sheet
        """Whether cells that a spreadsheet would compute get an apostrophe."""
        self.end: Final = end
        """What ends the rows of a body that we write."""
        self._dialect = self.dialect
        self._end = end
        self._sheet = sheet
        self._special = re.compile(f'["\r\n{re.escape(separator)}]')

    def decode(self, body: bytes) -> Tree:
        """Return the records of `body`.

        Raises:
            Undecodable: it is not exactly one CSV table of this dialect in UTF-8 with a header, or goes
                beyond the limits.
        """
        if not body:
            raise Undecodable("header_missing")
        if len(body) > MAX_CELLS and body.count(self._dialect.separator.encode()) > MAX_CELLS:
            raise Undecodable("too_many_items", status=413)
        reader = RowReader(self._dialect)
        rows = (row for part in (reader.feed(body), reader.finish()) for row in part)
        names = _leaves(next(rows))
        room = MAX_CELLS // len(names)
        found: list[Tree] = []
        for row in rows:
            found.append(dict(zip(names, _leaves(row), strict=True)))
            if len(found) > room:
                raise Undecodable("too_many_items", status=413)
        return found

    def encode(self, tree: Tree) -> bytes:
        """Return the table for a list of records, without a byte order mark and with its last row ended.

        Raises:
            Undecodable: it is no such list, or a value has no form in CSV.
        """
        if not isinstance(tree, list) or not all(isinstance(record, dict) for record in tree):
            raise Undecodable("unencodable_value")
        names: list[str] = list(dict.fromkeys(name for record in tree for name in record))
        if not names:
            return b""
        rows = (map(record.get, names) for record in tree)
        try:
            return "".join(map(self._line, (names, *rows))).encode()
        except UnicodeEncodeError:
            pass
        raise Undecodable("unencodable_value")

    def _line(self, values: Iterable[Tree]) -> str:
        cells = [self._cell(value) for value in values]
        return ('""' if cells == [""] else self._dialect.separator.join(cells)) + self._end

    def _cell(self, value: Tree) -> str:
        if value is None:
            return ""
        text = ("false", "true")[value] if isinstance(value, bool) else scalar_text(value)
        if text is None or "\0" in text:
            raise Undecodable("unencodable_value")
        if self._sheet:
            text = harmless(text)
        return quoted(text) if isinstance(value, Quoted) or self._special.search(text) else text


def _leaves(row: Row) -> list[str]:
    match row.style:
        case Style.BARE:
            return row.cells
        case Style.QUOTED:
            return list(map(Quoted, row.cells))
        case Style.MIXED:
            return [Quoted(value_of(cell)) if cell[:1] == '"' else cell for cell in row.cells]


CSV_CODECS: Final = tuple(
    CsvText(f"csv{separator}{end}{sheet}", SEPARATORS[separator], "\r\n" if end else "\n", sheet=bool(sheet))
    for sheet in ("", "_sheet")
    for end in ("", "_crlf")
    for separator in SEPARATORS
)
