"""The rows of a CSV body (RFC 4180), read in pieces and exactly, for the codec and the stream alike.

One dialect, declared by the route, and no guessing: a cell is either free of quotes or stands in quotes as a
whole, quotes inside are doubled, every row has as many cells as the header, and rows end as the header did.
What lenient readers make two things of is refused: a quote in the middle of a cell or after a space, one that
is never closed, rows that are short or long, empty lines, NUL, a bare carriage return, a name that stands in
the header twice (threats CS-01 to CS-08).

Why not the standard library's reader: it takes `a"b` and ` "a"` for cells, and forgets how a cell was
written, so that a body nobody changed would come out another one. Most rows are either without any quote or
quoted cell by cell; those are split by one call each, and counting the quotes proves that the split is right.
The other rows go through one regular expression that cannot backtrack.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal, NamedTuple

from proxy.errors import Undecodable

MAX_CELL: Final = 131_072
"""Characters of one cell: the longest text field there is in Salesforce."""
MAX_ROW: Final = 4_194_304
"""Bytes of one row; what is kept of a body that is read in pieces never exceeds this and one chunk."""
MAX_COLUMNS: Final = 5_000
FEWEST: Final = 4
"""Rows below which it saves nothing to read them together."""

_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CRM writes CSV, as far as that differs."""

    separator: str = ","
    end: Literal["lf", "crlf", "either"] = "either"
    """What ends a row; `either`: what ends the header, all through the body."""
    bom: bool = True
    """Whether a byte order mark may stand before the header; it stays there."""


class Style(Enum):
    """How the cells of one row are written."""

    BARE = auto()
    """None in quotes; a cell is its value."""
    QUOTED = auto()
    """All in quotes, taken off here, and without a quote inside; a cell is its value."""
    MIXED = auto()
    """Each as it stood, quotes included; `value_of` tells its value."""


class Row(NamedTuple):
    """One row."""

    style: Style
    cells: list[str]
    """The caller's to change."""

    def values(self) -> list[str]:
        """Return what the cells say."""
        return self.cells if self.style is not Style.MIXED else [value_of(cell) for cell in self.cells]


class Block(NamedTuple):
    """Rows that are all written alike, `BARE` or `QUOTED`."""

    style: Style
    columns: list[list[str]]

    def rows(self) -> Iterator[Row]:
        """Yield the rows one by one."""
        for cells in zip(*self.columns, strict=True):
            yield Row(self.style, list(cells))


def value_of(cell: str) -> str:
    """Return what a cell says that is written as in a `MIXED` row."""
    return cell[1:-1].replace('""', '"') if cell[:1] == '"' else cell


def quoted(value: str) -> str:
    """Return the cell that says `value`, in quotes."""
    return '"' + value.replace('"', '""') + '"'


class RowReader:
    """Reads the rows of one body; after an error it refuses whatever else it is given."""

    def __init__(self, dialect: Dialect) -> None:
        self.bom = b""
        """The byte order mark that came, once the header has been read."""
        self.end = ""
        """What ends each row, once the header has been read."""
        self.ended = True
        """After `finish`: whether the last row was ended too."""
        self._dialect = dialect
        self._cells = 0
        self._rest = bytearray()
        self._open: list[str] = []
        self._open_size = 0
        self._broken = False
        cell = rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"\r\n{re.escape(dialect.separator)}]*+)'
        self._row = re.compile(rf"(?:{cell}{re.escape(dialect.separator)})++")
        self._cell = re.compile(rf"({cell}){re.escape(dialect.separator)}")

    def feed(self, chunk: bytes) -> Iterator[Row]:
        """Yield the rows that are complete with `chunk`; see `pieces`."""
        for piece in self.pieces(chunk):
            yield from piece.rows() if isinstance(piece, Block) else piece

    def pieces(self, chunk: bytes) -> Iterator[Block | Iterator[Row]]:
        """Yield the rows that are complete with `chunk`, together where they are alike.

        Each of what is yielded has to be read before the next; the chunk counts as read when all is.

        Raises:
            Undecodable: it is not CSV of the dialect in UTF-8, or goes beyond the limits.
        """
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            self._keep(chunk)
            return
        whole = bytes(self._rest) + chunk[:cut] if self._rest else chunk[:cut]
        self._rest.clear()
        yield from self._read(whole)
        self._keep(chunk[cut:])

    def finish(self) -> Iterator[Row]:
        """Yield the last row if nothing ended it.

        Raises:
            Undecodable: a quote is still open, or there was not even a header.
        """
        self.ended = not self._rest
        if self._rest:
            whole = bytes(self._rest)
            self._rest.clear()
            for piece in self._read(whole + (b"\r\n" if self.end == "\r\n" else b"\n")):
                yield from piece.rows() if isinstance(piece, Block) else piece
        if self._open:
            raise self._refusal("unterminated_quote")
        if not self._cells:
            raise self._refusal("header_missing")
        if self._broken:
            raise self._refusal("bad_csv")

    def _keep(self, part: bytes) -> None:
        self._rest += part
        if len(self._rest) + self._open_size > MAX_ROW:
            raise self._refusal("row_too_long", status=413)

    def _read(self, whole: bytes) -> Iterator[Block | Iterator[Row]]:
        if self._broken:
            raise self._refusal("bad_csv")
        if not self._cells:
            whole = self._begin(whole)
        self._broken = True  # until every row of it is read
        text = self._text(whole)
        if not self._cells and not self._open:
            first, text = self._first(text)
            yield self._rows(first)
        block = self._block(text)
        yield self._rows(text) if block is None else block
        self._broken = False

    @staticmethod
    def _first(text: str) -> tuple[str, str]:
        """Return the first line, and the rest."""
        end = text.index("\n") + 1
        return text[:end], text[end:]

    def _block(self, text: str) -> Block | None:
        """Return whole lines as rows that are written alike, None unless they are."""
        width, rows, end = self._cells, text.count("\n"), self.end
        if rows < FEWEST or width < 2 or self._open:
            return None
        quote = '"' if text[0] == '"' else ""
        if not quote and ('"' in text or text.count("\r") != (rows if end == "\r\n" else 0)):
            return None
        last, next_, step = f"{quote}{end}", f"{quote}{end}{quote}", width - 1
        cells = text[len(quote) : -len(last)].split(f"{quote}{self._dialect.separator}{quote}")
        if len(cells) != rows * step + 1 or not text.endswith(last):
            return None
        # The last cell of each row and the first of the next are one up to here. There are as many ends of rows
        # as of lines, so none is left over.
        ends, between, begins = zip(*(cell.partition(next_) for cell in cells[step:-1:step]), strict=True)
        if between.count(next_) != rows - 1:
            return None
        inner = [cells[at::step] for at in range(1, step)]
        columns = [[cells[0], *begins], *inner, [*ends, cells[-1]]]
        if quote and any('"' in "".join(column) for column in columns):
            return None
        if len(text) > MAX_CELL and max(len(cell) for column in columns for cell in column) > MAX_CELL:
            return None
        return Block(Style.QUOTED if quote else Style.BARE, columns)

    def _rows(self, text: str) -> Iterator[Row]:
        separator, end = self._dialect.separator, self.end
        between = f'"{separator}"'
        strays = text.count("\r") != (text.count("\n") if end == "\r\n" else 0)
        lines = text.split("\n")
        lines.pop()
        for line in lines:
            if self._open:
                if self._grows(line):
                    continue
                row = self._mixed(self._close())
            elif '"' not in line:
                if strays or end == "\r\n":
                    line = self._unended(line)  # noqa: PLW2901
                row = Row(Style.BARE, line.split(separator))
            else:
                quotes = line.count('"')
                if quotes & 1:
                    self._grows(line)
                    continue
                bare = line[:-1] if end == "\r\n" and line[-1] == "\r" else line
                inner = bare[1:-1].split(between)
                if 2 * len(inner) == quotes and bare[0] == '"' == bare[-1] and (end == "\n" or bare is not line):
                    row = Row(Style.QUOTED, inner)
                else:
                    row = self._mixed(line)
            self._check(row, len(line))
            yield row

    def _begin(self, whole: bytes) -> bytes:
        """Take off a byte order mark and learn from the first line how lines end."""
        if whole.startswith(_BOM) and self._dialect.bom:
            self.bom, whole = _BOM, whole[len(_BOM) :]
        first = whole.index(b"\n")
        self.end = "\r\n" if whole[first - 1 : first] == b"\r" and first else "\n"
        if self._dialect.end != "either" and self.end != {"lf": "\n", "crlf": "\r\n"}[self._dialect.end]:
            raise self._refusal("line_ending")
        return whole

    def _text(self, whole: bytes) -> str:
        try:
            text = whole.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise self._refusal("bad_utf8")
        return text

    def _unended(self, line: str) -> str:
        """Return a line of bare cells without what the header ends with besides the newline."""
        if self.end == "\r\n":
            if line[-1:] != "\r":
                raise self._refusal("line_ending")
            line = line[:-1]
        if "\r" in line:
            raise self._refusal("line_ending")
        return line

    def _grows(self, line: str) -> bool:
        """Take one more line of a row with an open quote, and say whether the quote is open still."""
        closes = bool(self._open) and bool(line.count('"') & 1)
        self._open.append(line)
        self._open_size += len(line) + 1
        if self._open_size > MAX_ROW:
            raise self._refusal("row_too_long", status=413)
        return not closes

    def _close(self) -> str:
        row = "\n".join(self._open)
        self._open.clear()
        self._open_size = 0
        return row

    def _mixed(self, row: str) -> Row:
        if self.end == "\r\n":
            if row[-1:] != "\r":
                raise self._refusal("line_ending")
            row = row[:-1]
        row += self._dialect.separator
        if not self._row.fullmatch(row):
            raise self._refusal("bad_quotes")
        return Row(Style.MIXED, self._cell.findall(row))

    def _check(self, row: Row, length: int) -> None:
        cells = row.cells
        if len(cells) != self._cells:
            if self._cells:
                raise self._refusal("uneven_rows")
            self._check_header(row.values())
        long = (length > MAX_CELL or row.style is Style.MIXED) and max(map(len, cells)) > MAX_CELL
        if long and max(map(len, row.values())) > MAX_CELL:
            raise self._refusal("cell_too_long", status=413)
        # One empty bare cell is an empty line, and readers do not agree whether that is a row.
        if len(cells) == 1 and not cells[0] and row.style is Style.BARE:
            raise self._refusal("empty_line")

    def _check_header(self, names: list[str]) -> None:
        if len(names) > MAX_COLUMNS:
            raise self._refusal("too_many_columns", status=413)
        if len({name.strip().casefold() for name in names}) != len(names):
            raise self._refusal("duplicate_column")
        # `sep=;` is for a spreadsheet program, which takes it off and reads another table.
        strange = names[0].casefold().startswith("sep=")
        if strange or not all(name.isprintable() and name.strip() for name in names):
            raise self._refusal("bad_column_name")
        self._cells = len(names)

    def _refusal(self, reason: str, *, status: int | None = None) -> Undecodable:
        self._broken = True
        return Undecodable(reason, status=status)
