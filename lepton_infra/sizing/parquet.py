"""Rows of a Parquet file as text, so that they are read and refused like those of a CSV file."""

from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from lepton_infra.errors import BadInput, Fault

MAGIC: Final = b"PAR1"
"""What a Parquet file begins with."""


def parquet_rows(path: Path) -> Generator[list[str]]:
    """Yield the names of the columns, then each row, one batch in memory at a time.

    A time becomes seconds since 1970 (UTC where the column has no zone), a null or a NaN becomes nothing. Nested columns are text that no
    reader of numbers takes.

    Raises:
        BadInput: pyarrow is not installed, or the file is not Parquet.
    """
    try:
        pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        remedy = "Install it with `uv add 'lepton-infra[parquet]'`"
        raise BadInput(Fault(path.name, "is Parquet, but pyarrow is not installed", "the extra `parquet`", remedy)) from None
    try:
        with parquet.ParquetFile(path) as file:
            yield [str(name) for name in file.schema_arrow.names]
            for batch in file.iter_batches():
                yield from map(list, zip(*(_texts(column, pyarrow) for column in batch.columns), strict=True))
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise BadInput(
            Fault(path.name, f"is not Parquet that can be read ({str(error).splitlines()[0]})", "a whole Parquet file")
        ) from None


def _texts(column: Any, pyarrow: Any) -> list[str]:  # noqa: ANN401 (pyarrow has no types)
    if pyarrow.types.is_date(column.type):
        column = column.cast(pyarrow.timestamp("ms"))
    if pyarrow.types.is_timestamp(column.type):
        # By way of the same zone: what is asked for is the moment, for which nobody has to look up what the zone means.
        seconds = column.cast(pyarrow.timestamp("us", column.type.tz), safe=False).cast(pyarrow.int64()).to_pylist()
        return ["" if value is None else repr(value / 1e6) for value in seconds]
    return ["" if value is None or value != value else str(value) for value in column.to_pylist()]  # noqa: PLR0124 (NaN alone differs from itself)
