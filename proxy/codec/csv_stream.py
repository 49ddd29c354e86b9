"""A CSV body of any size, changed on its way: whole columns go, cells say less, rows can be left out.

What is to be done is worked out once, from the header, by whoever knows what the columns mean; each row then
costs one split, the edits, and one join. Rows that are written alike, as most are, are split and joined
together and edited column by column, which takes a third of the time. A cell that nobody edits is sent as it
was written, quotes and all, and so are line ends, the byte order mark and a last row without an end.

It holds no more than the chunk and one row (`MAX_ROW`). What is wrong is an error at the row where it stands;
rows before it may be gone by then, so the caller has to break off (see `StreamTransform`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from proxy.codec.csv_rows import Block, Dialect, Row, RowReader, Style, quoted, value_of
from proxy.codec.csv_text import harmless
from proxy.errors import Undecodable

Edit = Callable[[str], object]
"""What a cell says -> what it is to say, a text (any mask of `proxy.transforms` is one); None: nothing, an
empty cell. It is not asked about a cell that is empty: CSV has no other null, and null stays null."""
EditAll = Callable[[list[str]], Sequence[object]]
"""The same for many cells, none of them empty, sooner."""


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What is done to the rows under one header; columns by their place, from 0."""

    keep: tuple[int, ...]
    """Columns that stay, rising; a column that nobody names is dropped."""
    edits: Mapping[int, Edit] = field(default_factory=dict)
    """For some of those that stay."""
    choose: Callable[[Sequence[str]], Mapping[int, Edit] | None] | None = None
    """Gets the values of a row as they came, and returns what is done to it in place of `edits`, or None if it
    may not be shown; None: all rows are alike. What it raises breaks the body off."""
    note: int | None = None
    """A column, whether it stays or not, whose values of rows that are sent on go to `CsvStream.noted`."""
    together: Mapping[int, EditAll] = field(default_factory=dict)
    """For some of the edits, the same for many cells."""


class CsvStream:
    """A `StreamTransform` for one CSV body."""

    def __init__(
        self,
        dialect: Dialect,
        plan: Callable[[tuple[str, ...]], RowPlan],
        *,
        sheet: bool = False,
        end: str = "",
    ) -> None:
        """Take the dialect, and what makes a plan of a header.

        Args:
            dialect: as the route declares it.
            plan: called once, with the names in the header; may raise to refuse the body.
            sheet: whether cells that a spreadsheet would compute get an apostrophe (threat CS-09).
            end: what ends the rows that are sent on, the last one too, without a byte order mark before them;
                "": all of that is as it came.
        """
        self.rows = 0
        """Rows sent on, the header not among them."""
        self.noted: list[str] = []
        """The caller's to read and to clear, or it grows with the body."""
        self._reader = RowReader(dialect)
        self._plan = plan
        self._separator = dialect.separator
        self._special = re.compile(f'["\r\n{re.escape(dialect.separator)}]')
        self._sheet = sheet
        self._end = end
        self._pick: Callable[[list[str]], Sequence[str]] | None = None
        self._keep: tuple[int, ...] = ()
        self._edits: Mapping[int, Edit] = {}
        self._edits_together: Mapping[int, EditAll] = {}
        self._choose: Callable[[Sequence[str]], Mapping[int, Edit] | None] | None = None
        self._note: int | None = None
        self._started = False
        self._width = 0

    def feed(self, chunk: bytes) -> bytes:
        """Return the rows that are complete with `chunk`, changed; see `StreamTransform`."""
        return "".join(self._changed(self._reader.pieces(chunk))).encode()

    def finish(self) -> bytes:
        """Return the last row if nothing ended it; see `StreamTransform`."""
        text = "".join(self._changed(iter([self._reader.finish()])))
        return (text if self._reader.ended or self._end else text.removesuffix(self._reader.end)).encode()

    def _changed(self, pieces: Iterator[Block | Iterator[Row]]) -> list[str]:
        out: list[str] = []
        for piece in pieces:
            if isinstance(piece, Block) and (text := self._together(piece)) is not None:
                out.append(text)
                continue
            rows = piece.rows() if isinstance(piece, Block) else piece
            if not self._started:
                header = next(rows, None)
                if header is None:
                    continue
                self._start(header.values())
                out += ("" if self._end else self._reader.bom.decode(), self._line(header))
            self._add(rows, out)
        return out

    def _together(self, block: Block) -> str | None:
        """Return the rows as they are sent on, None where they have to be changed one by one."""
        style, keep, end = block.style, self._keep, self._end or self._reader.end
        if self._choose is not None or self._sheet or len(keep) == 1:
            return None
        edited = {at: self._column(block.columns[at], at, style) for at in self._edits}
        if self._note is not None:
            self.noted += block.columns[self._note]
        first, *inner, last = [edited.get(at) or block.columns[at] for at in keep]
        self.rows += len(first)
        quote = '"' if style is Style.QUOTED else ""
        next_, step = f"{quote}{end}{quote}", len(keep) - 1
        cells = [""] * (len(first) * step + 1)
        cells[::step] = [first[0], *(a + next_ + b for a, b in zip(last, first[1:], strict=False)), last[-1]]
        for at, column in enumerate(inner, start=1):
            cells[at::step] = column
        return f"{quote}{f'{quote}{self._separator}{quote}'.join(cells)}{quote}{end}"

    def _column(self, cells: list[str], at: int, style: Style) -> list[str]:
        """Return the cells of a column as they are sent on."""
        edit, together = self._edits[at], self._edits_together.get(at)
        if together is not None and "" not in cells:
            said = together(cells)
        else:
            said = [edit(cell) if cell else "" for cell in cells]
        try:
            text = "".join(said)  # type: ignore[arg-type]
        except TypeError:
            text = '"'
        special = '"' in text or "\0" in text or (style is Style.BARE and self._special.search(text))
        return [self._written(each, style) if each else "" for each in said] if special else list(said)  # type: ignore[arg-type]

    def _add(self, rows: Iterator[Row], out: list[str]) -> None:
        edits, choose, pick, sheet = self._edits.items(), self._choose, self._pick, self._sheet
        note, noted = self._note, self.noted.append
        separator, end = self._separator, self._end or self._reader.end
        between, close = f'"{separator}"', f'"{end}'
        began = len(out)
        for row in rows:
            style, cells = row
            if choose is not None:
                chosen = choose(row.values())
                if chosen is None:
                    continue
                edits = chosen.items()
            if note is not None:
                noted(cells[note] if style is not Style.MIXED else value_of(cells[note]))
            if style is not Style.MIXED:
                for at, edit in edits:
                    if cells[at]:
                        value = edit(cells[at])
                        cells[at] = self._written(value, style) if value else ""
            else:
                for at, edit in edits:
                    if cell := value_of(cells[at]):
                        value = edit(cell)
                        cells[at] = self._written(value, style) if value else ""
            if sheet:
                cells = [self._tame(cell, style) for cell in cells]
            shown = cells if pick is None else pick(cells)
            if style is Style.QUOTED:
                out.append(f'"{between.join(shown)}{close}')
            else:
                out.append((separator.join(shown) or self._nothing) + end)
        self.rows += len(out) - began

    @property
    def _nothing(self) -> str:
        """What a row of nothing looks like: an empty line would be no row to many readers."""
        return '""' if self._width == 1 else ""

    def _start(self, names: list[str]) -> None:
        plan = self._plan(tuple(names))
        keep = plan.keep
        if not keep or list(keep) != sorted(set(keep)) or keep[0] < 0 or keep[-1] >= len(names):
            raise Undecodable("no_column_left")
        self._width, self._keep = len(keep), keep
        if len(keep) == 1:
            only = keep[0]
            self._pick = lambda cells: cells[only : only + 1]
        elif len(keep) < len(names):
            self._pick = itemgetter(*keep)
        self._edits = {at: edit for at, edit in plan.edits.items() if at in keep}
        self._edits_together = plan.together
        self._choose, self._note = plan.choose, plan.note
        self._started = True

    def _line(self, header: Row) -> str:
        """Return the header as it is sent on."""
        cells = [self._tame(cell, header.style) for cell in header.cells] if self._sheet else header.cells
        shown = cells if self._pick is None else self._pick(cells)
        if header.style is Style.QUOTED:
            shown = [f'"{cell}"' for cell in shown]
        return self._separator.join(shown) + (self._end or self._reader.end)

    def _written(self, value: object, style: Style) -> str:
        """Return the cell that says `value` in a row of that style."""
        if not isinstance(value, str) or "\0" in value:
            raise Undecodable("unencodable_value")
        if style is Style.QUOTED:
            return value.replace('"', '""') if '"' in value else value
        return quoted(value) if self._special.search(value) else value

    def _tame(self, cell: str, style: Style) -> str:
        """Return a cell so that no spreadsheet computes it; one that none would is left as it is written."""
        value = value_of(cell) if style is Style.MIXED else cell
        tame = harmless(value)
        return cell if tame is value else self._written(tame, style)
