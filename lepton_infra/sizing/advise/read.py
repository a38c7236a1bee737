"""Reading usage files: what a file is, its content says; rows are read in chunks, so that memory does not grow with the file."""

import csv
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, cast

from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.advise.billing import CUR, FOCUS, BillingRows
from lepton_infra.sizing.advise.cells import Faults, plain_name
from lepton_infra.sizing.advise.ledger import MOST_CELLS, Ledger, overlaps
from lepton_infra.sizing.advise.metrics import QUANTITIES, Quantity, add_metrics
from lepton_infra.sizing.advise.native import NativeRows
from lepton_infra.sizing.lock import unreadable
from lepton_infra.sizing.parquet import MAGIC, parquet_rows

_CHUNK: Final = 8_192
_SNIFFED: Final = 65_536
_LARGEST_JSON: Final = 256 * 1024 * 1024
_ALLOWED: Final = "CSV, Parquet, JSON, or the JSON of a Prometheus range query"


@dataclass(frozen=True, slots=True)
class Source:
    """A usage file as the command line names it."""

    path: Path
    """The file."""
    quantity: Quantity | None = None
    """What a Prometheus answer counts."""


def source(text: str) -> Source:
    """Read `FILE` or `nodes=FILE`."""
    name, equals, rest = text.partition("=")
    known: Quantity | None = next((one for one in QUANTITIES if one == name), None)
    return Source(Path(rest), known) if equals and known else Source(Path(text))


def read_usage(sources: Sequence[Source], pools: Collection[str], tag: str, say: Callable[[str], None]) -> tuple[Ledger, tuple[str, ...]]:
    """Read usage files into one ledger.

    Args:
        sources: the files.
        pools: names of the stack's pools.
        tag: the tag that says the pool in a bill.
        say: called with what is being done.

    Returns:
        The ledger, and remarks on what was passed over.

    Raises:
        BadInput: with the faults of every file.
    """
    ledger, faults, remarks = Ledger(), list[Fault](), list[str]()
    for each in sources:
        try:
            remarks += _read(each, pools, tag, ledger, say)
        except BadInput as error:
            faults += error.faults
    if not faults:
        faults += overlaps(ledger, " and ".join(dict.fromkeys(each.path.name for each in sources)))
    if faults:
        raise BadInput(faults)
    return ledger, tuple(remarks)


def _read(each: Source, pools: Collection[str], tag: str, ledger: Ledger, say: Callable[[str], None]) -> list[str]:
    path, name = each.path, each.path.name
    reason = unreadable(path)
    if reason:
        raise BadInput(Fault("--usage", f"is '{path}', which {reason}", _ALLOWED))
    with path.open("rb") as file:
        head = file.read(_SNIFFED)
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not begins:
        raise BadInput(Fault(name, "is empty", "a header and a row for each pool and time"))
    faults = Faults(name)
    if begins.startswith(b"{") and b'"resultType"' in begins:
        add_metrics(path, each.quantity, pools, ledger, faults)
        if reported := faults.reported():
            raise BadInput(reported)
        return []
    if each.quantity:
        raise BadInput(Fault("--usage", f"is '{each.quantity}={path}', but {name} has columns", "the file alone"))
    if head.startswith(MAGIC):
        with closing(parquet_rows(path)) as rows:
            return _rows(rows, 1, (pools, tag), ledger, faults, say)
    if begins.startswith((b"{", b"[")):
        return _rows(_json_rows(path, begins.startswith(b"[")), 1, (pools, tag), ledger, faults, say)
    if b"\0" in head:
        raise BadInput(Fault(name, "is not text in UTF-8", _ALLOWED))
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = head.decode("utf-8", "replace").partition("\n")[0]
        return _rows(csv.reader(file, delimiter=max(",;\t", key=first.count)), 2, (pools, tag), ledger, faults, say)


def _rows(
    rows: Iterable[list[str]],
    first: int,
    about: tuple[Collection[str], str],
    ledger: Ledger,
    faults: Faults,
    say: Callable[[str], None],
) -> list[str]:
    every = iter(rows)
    header = next(every, list[str]())
    names = set(map(plain_name, header))
    bill = BillingRows(header, *about, ledger, faults) if names & {CUR, FOCUS} else None
    reader = bill or NativeRows(header, about[0], ledger, faults)
    count = 0
    for chunk, lines in _chunks(every, first, len(header), faults):
        count += len(lines)
        reader.take(chunk, lines)
        say(f"reading {faults.name}: {count:,} rows")
        if ledger.too_many():
            faults.add(0, f"spans more than {MOST_CELLS:,} hours of its series", "fewer", "Give a shorter time")
            break
    if not count:
        faults.add(0, "has a header and no rows", "a row for each pool and time")
    if bill and count:
        bill.finish()
    if reported := faults.reported():
        raise BadInput(reported)
    return [f"{faults.name}: passed over {number:,} rows {reason}." for reason, number in sorted(bill.passed.rows.items())] if bill else []


def _chunks(rows: Iterator[list[str]], first: int, width: int, faults: Faults) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
    """Yield rows that are as wide as the header, so many at once, with their lines."""
    line = first - 1
    while True:
        try:
            block = list(islice(rows, _CHUNK))
        except csv.Error as error:
            faults.add(line + 1, f"is not CSV from somewhere here on ({error})", "rows of text")
            return
        if not block:
            return
        lines: Sequence[int] = range(line + 1, line + len(block) + 1)
        line += len(block)
        if set(map(len, block)) != {width}:
            block, lines = _as_wide(block, lines, width, faults)
        if block:
            yield block, lines


def _as_wide(block: list[list[str]], lines: Sequence[int], width: int, faults: Faults) -> tuple[list[list[str]], list[int]]:
    """Return the rows that are as wide as the header; the others become faults, empty lines nothing."""
    numbered = [(row, at) for row, at in zip(block, lines, strict=True) if row]
    for row, at in numbered:
        if len(row) != width:
            faults.add(at, f"has {len(row)} columns", f"{width}, as in the header")
    kept = [pair for pair in numbered if len(pair[0]) == width]
    return [row for row, _ in kept], [at for _, at in kept]


def _json_rows(path: Path, whole: bool) -> Iterator[list[str]]:  # noqa: FBT001 (a list or an object for each line)
    """Yield the names, then each object's values: of a list of objects, or of one object to a line."""
    if whole:
        if path.stat().st_size > _LARGEST_JSON:
            raise BadInput(
                Fault(path.name, "is a list of more than 256 MiB", "less", "Write one object to a line, which is read as it comes")
            )
        found = _loaded(path.read_bytes(), path.name)
        objects = [_object(one, f"{path.name}: [{place}]") for place, one in enumerate(cast("list[object]", found))]
        names = list(dict.fromkeys(name for one in objects for name in one))
        yield names
        yield from ([one.get(name, "") for name in names] for one in objects)
        return
    with path.open("rb") as file:
        names = list[str]()
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            one = _object(_loaded(text, f"{path.name}:{line}"), f"{path.name}:{line}")
            if not names:
                names = list(one)
                yield names
            if other := [name for name in one if name not in names]:
                raise BadInput(
                    Fault(f"{path.name}:{line}", f"has {other[0][:40]!r}, which the first line has not", "the same names in each")
                )
            yield [one.get(name, "") for name in names]


def _loaded(text: bytes, where: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(Fault(where, f"is not JSON ({str(error)[:60]})", "a list of objects, or one object to a line")) from None


def _object(value: object, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise BadInput(Fault(where, f"is {json.dumps(value)[:40]}", "an object with the names of docs/usage-records.md"))
    return {str(name): _text(cell) for name, cell in cast("dict[object, object]", value).items()}


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return json.dumps(cell) if isinstance(cell, dict | list) else str(cell)
