"""Megabytes per second of one core, and the memory, of bodies that are changed as they pass.

Run `python tests/bench/bench_streams.py`, with a number of megabytes to have them pass through one stream
(1000 by default) for the first line. One column of twelve is dropped and one emptied; where a line says
`masked`, an e-mail address, a phone number and a date are masked instead. Times are thread CPU.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator

from proxy.codec.csv_rows import Dialect
from proxy.codec.csv_stream import CsvStream, RowPlan
from proxy.codec.ndjson import NdjsonStream
from proxy.codec.streams import StreamTransform
from proxy.model import Mask
from proxy.transforms import compile_mask

CHUNK = 65_536
COLUMNS = (
    "Id",
    "FirstName",
    "LastName",
    "Email",
    "Phone",
    "Birthdate",
    "Street",
    "City",
    "Zip",
    "Note",
    "SSN",
    "At",
)
MASKS = {3: compile_mask(Mask("m", "email"), "email"), 4: compile_mask(Mask("m", "phone"), "phone")}


def row(number: int) -> list[str]:
    """Return the cells of one contact."""
    return [
        f"003{number:015d}", "Mara", f"Quinn-{number}", f"mara.quinn.{number}@example.org",
        f"+35386{number % 10**7:07d}", "1984-05-17", f"{number % 90} Shoreline Park", "Mountain View", "94043",
        "called twice, and asked to be called again on a day in the week after the next", "000-00-0000",
        "2026-11-28T20:15:00.000Z",
    ]  # fmt: skip


def bare(cells: list[str]) -> str:
    """Return a row without a quote."""
    return ",".join(cell.replace(",", ";") for cell in cells) + "\n"


def all_quoted(cells: list[str]) -> str:
    """Return a row as Salesforce writes it."""
    return '"' + '","'.join(cells) + '"\n'


def mixed(cells: list[str]) -> str:
    """Return a row with quotes only where they have to be."""
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in cells) + "\n"


def edit(names: tuple[str, ...]) -> RowPlan:
    """Mask e-mail and phone, cut the birthday, and drop the number."""
    masks = {at: lambda value, mask=mask: str(mask(value)) for at, mask in MASKS.items()}
    return RowPlan(
        tuple(at for at, name in enumerate(names) if name != "SSN"), {**masks, 5: lambda day: day[:4]}
    )


def chunks(head: bytes, page: bytes, size: int) -> Iterator[bytes]:
    """Yield `size` bytes in pieces that end anywhere."""
    yield head
    stock = page * (2 + CHUNK // len(page))
    at = sent = 0
    while sent + CHUNK < size:
        yield stock[at : at + CHUNK]
        at, sent = (at + CHUNK) % len(page), sent + CHUNK
    rest = len(page) - at
    yield page[at : at + rest]


def thin(names: tuple[str, ...]) -> RowPlan:
    """Drop the number, hide the birthday."""
    return RowPlan(tuple(at for at, name in enumerate(names) if name != "SSN"), {5: lambda _day: None})


def speed(stream: StreamTransform, pieces: Iterator[bytes]) -> tuple[float, int]:
    """Return megabytes per second of CPU, and how many megabytes there were."""
    size, spent = 0, 0.0
    for piece in pieces:
        began = time.thread_time()
        stream.feed(piece)
        spent += time.thread_time() - began
        size += len(piece)
    stream.finish()
    return size / spent / 1e6, size // 1_000_000


def main() -> None:
    """Print one line for each way of writing the same rows."""
    size = int(sys.argv[1]) * 1_000_000 if len(sys.argv) > 1 else 1_000_000_000
    print(f"{'':<28}{'MB':>8}{'MB/s':>8}{'MB of memory':>14}")
    for label, write in (("csv, all quoted", all_quoted), ("csv, no quotes", bare), ("csv, some quoted", mixed)):
        page = "".join(write(row(number)) for number in range(2_000)).encode()
        for kind, plan in (("", thin), (", masked", edit)):
            rate, passed = speed(CsvStream(Dialect(), plan), chunks(write(COLUMNS).encode(), page, size))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{label + kind:<28}{passed:>8}{rate:>8.0f}{memory:>14}")
            size = min(size, 100_000_000)
    page = b"".join(
        json.dumps(dict(zip(COLUMNS, row(number), strict=True))).encode() + b"\n" for number in range(2_000)
    )
    rate, passed = speed(
        NdjsonStream(lambda records: [one for one in records if one.pop("SSN", None)]), chunks(b"", page, size)
    )
    print(f"{'ndjson':<28}{passed:>8}{rate:>8.0f}")


if __name__ == "__main__":
    main()
