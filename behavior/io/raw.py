"""Files as they lie: CSV cells as text with their line numbers, Parquet columns with their types.

CSV is parsed column by column, so that a bad cell costs neither its column nor its line number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from behavior.contracts import Place, TableContract
from behavior.digests import sha256_of
from behavior.errors import Fault
from behavior.io.files import read_bytes
from behavior.panel.base import SourceFile
from behavior.quantities import IntArray

PARQUET_MAGIC = b"PAR1"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
SELDOM = 0.5
"""Text with more distinct words than this share of its rows stays text."""

ARROW_KINDS = {"number": pa.float64(), "integer": pa.int64(), "date": pa.date32(), "month": pa.date32()}


@dataclass(frozen=True)
class TextFormat:
    """How a text file is written; the contracts' own form is the default, a profile may declare another.

    `skip_lines` stand before the header, or before the rows where there is none, `skip_last_lines` below the rows.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    header: bool = True
    columns: tuple[str, ...] = ()
    skip_lines: int = 0
    skip_last_lines: int = 0


@dataclass(frozen=True)
class RawTable:
    """A file as it lies: text columns for CSV, typed ones for Parquet.

    Parameters
    ----------
    faults : what made the file itself unreadable (empty, wrong delimiter, ragged lines).
    notes : what a reader of a published layout dropped, and the layout's peculiarities.
    """

    table: pd.DataFrame
    place: Place
    source: SourceFile
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()


def read_raw(path: Path, form: TextFormat | None = None, contract: TableContract | None = None) -> RawTable:
    """A file without any check of its content; with a contract, its clean columns come back as values already.

    Raises
    ------
    FaultyInput : when there is no such file.
    """
    return raw_table(path, read_bytes(path), form, contract)


def raw_table(
    path: Path, data: bytes, form: TextFormat | None = None, contract: TableContract | None = None
) -> RawTable:
    """The same of bytes that stand in that file, or in an archive of that name."""
    if data[:4] == PARQUET_MAGIC or path.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(path, data, contract)
    try:
        return _read_csv(path, data, form or TextFormat(), contract)
    except (csv.Error, pa.ArrowInvalid) as error:
        hint = "Is a quote left open, or is this another kind of file?"
        return _unreadable(path, data, Fault(path.name, f"expected CSV ({str(error).splitlines()[0]})", hint=hint))


def _unreadable(path: Path, data: bytes, fault: Fault) -> RawTable:
    return RawTable(pd.DataFrame(), Place(path.name), SourceFile(path.name, sha256_of(data), 0), (fault,))


def _read_parquet(path: Path, data: bytes, contract: TableContract | None) -> RawTable:
    try:
        file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=_repeated(data, contract))
        arrow = file.read()
    except (pa.ArrowInvalid, OSError) as error:
        words = str(error).splitlines()[0]
        return _unreadable(path, data, Fault(path.name, f"expected a Parquet file ({words})", hint="Export it again"))
    columns = [_plain(arrow.column(i), contract, name) for i, name in enumerate(arrow.column_names)]
    whole = pa.table(columns, names=arrow.column_names)
    del arrow, columns
    # Each column is let go as soon as pandas has it.
    table = _with_blank(whole.to_pandas(date_as_object=False, split_blocks=True, self_destruct=True))
    return RawTable(table, Place(path.name), SourceFile(path.name, sha256_of(data), len(table)))


def _with_blank(table: pd.DataFrame) -> pd.DataFrame:
    """Categories that hold the empty word too, so that empty cells can be filled with it as in a column of text."""
    for place in range(table.shape[1]):
        if isinstance(table.dtypes.iloc[place], pd.CategoricalDtype):
            table.isetitem(place, table.iloc[:, place].cat.add_categories([""]).array)
    return table


def _repeated(data: bytes, contract: TableContract | None) -> list[str]:
    """Columns of a Parquet file that are read as categories."""
    if contract is None or not contract.compact:
        return []
    schema = pq.read_schema(pa.BufferReader(data))
    return [name for name, kind in zip(schema.names, schema.types, strict=True) if _is_repeated(name, kind, contract)]


def _is_repeated(name: str, kind: pa.DataType, contract: TableContract) -> bool:
    """Whether words are kept as categories: never where the contract wants something else than words."""
    known = contract.column(name)
    wanted = known is None or known.kind == "text"
    return contract.compact and wanted and _holds_words(kind) and name not in contract.key


def _holds_words(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _as_categories(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text as categories where words repeat; blank cells are empty."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    coded = coded.unify_dictionaries()
    words = coded.chunk(0).dictionary if coded.num_chunks else pa.array([], pa.string())
    if len(words) > SELDOM * len(column) or pc.any(pc.equal(words, ""), min_count=0).as_py():
        return coded.cast(pa.string())
    return coded


def _plain(column: pa.ChunkedArray, contract: TableContract | None, name: str) -> pa.ChunkedArray:
    """Dictionaries and lists as text, decimals as floats, names of things as text: what pandas holds without loss."""
    if contract is not None and _is_repeated(name, column.type, contract):
        return _as_categories(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_nested(column.type):
        return pa.chunked_array([[None if cell is None else str(cell) for cell in column.to_pylist()]], pa.string())
    if pa.types.is_decimal(column.type):
        return column.cast(pa.float64())
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return _as_text(column)
    known = contract.column(name) if contract is not None else None
    if known is not None and known.kind == "text" and pa.types.is_integer(column.type):
        return column.cast(pa.string())
    return column


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Bytes as text, which some writers do not declare; bytes that are none stay, for the check to name."""
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        return column


def _read_csv(path: Path, data: bytes, form: TextFormat, contract: TableContract | None) -> RawTable:
    fault = _unreadable_text(path, data, form)
    if fault is not None:
        return _unreadable(path, data, fault)
    source_digest = sha256_of(data)
    if form.encoding != "utf-8":
        data = data.decode(form.encoding).encode("utf-8")
    data = _line_feeds(data.removeprefix(BYTE_ORDER_MARK))
    if form.skip_lines or form.skip_last_lines:
        data = _between(data, form)
        if not data.strip():
            rule = "expected a header line and rows between the lines that are skipped"
            return _unreadable(path, data, Fault(path.name, rule, hint="Correct `skip_lines` and `skip_last_lines`"))
    # Blank lines above the header say nothing, but an editor counts them.
    filled = data.lstrip(b"\r\n")
    above = form.skip_lines + data[: len(data) - len(filled)].count(b"\n")
    data = filled
    names = list(form.columns) or next(csv.reader(io.StringIO(_first_line(data)), delimiter=form.delimiter))
    fault = _wrong_delimiter(path, names, form)
    if fault is not None:
        return _unreadable(path, data, fault)
    arrow, ragged = _parse_csv(data, form, names)
    if ragged:
        table, lines, faults = _read_ragged(path, data, form, names)
        faults = tuple(replace(fault, line=(fault.line or 0) + above) for fault in faults)
        place = Place(path.name, lines + above)
        return RawTable(table, place, SourceFile(path.name, source_digest, len(table)), faults)
    table = _to_pandas(arrow, names, contract)
    place = Place(path.name, _lines(data, len(table), form) + above)
    return RawTable(table, place, SourceFile(path.name, source_digest, len(table)))


def _line_feeds(data: bytes) -> bytes:
    """Lines that end in a carriage return alone, as old spreadsheets write them, end in a line feed."""
    if data.count(b"\r") == data.count(b"\r\n"):
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _between(data: bytes, form: TextFormat) -> bytes:
    """A file without the lines above its header and below its rows."""
    lines = data.rstrip(b"\n").split(b"\n")
    return b"\n".join(lines[form.skip_lines : len(lines) - form.skip_last_lines]) + b"\n"


def _unreadable_text(path: Path, data: bytes, form: TextFormat) -> Fault | None:
    if not data.removeprefix(BYTE_ORDER_MARK).strip():
        return Fault(path.name, "expected a header line and rows, the file is empty", hint="Is the export finished?")
    if data[:4] == b"PK\x03\x04" or data[:2] == b"\x1f\x8b":
        return Fault(
            path.name,
            "expected CSV or Parquet, this is a spreadsheet or a compressed file",
            hint="Unpack it, or export CSV",
        )
    try:
        data.decode(form.encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        likely = "utf-16" if wide else "latin-1"
        hint = f"Save it as UTF-8, or declare what it is in a profile, such as `text = {{ encoding = '{likely}' }}`"
        return Fault(path.name, f"expected text in {form.encoding}", line, None, f"byte {data[error.start]:02X}", hint)
    return None


def _first_line(data: bytes) -> str:
    return data.lstrip(b"\r\n").split(b"\n", 1)[0].decode("utf-8").rstrip("\r")


def _wrong_delimiter(path: Path, names: Sequence[str], form: TextFormat) -> Fault | None:
    if len(names) > 1 or form.columns:
        return None
    found = next((mark for mark in DELIMITERS if mark in names[0] and mark != form.delimiter), None)
    if found is None:
        return None
    rule = f"expected {DELIMITERS.get(form.delimiter, 'commas')} between the columns, found {DELIMITERS[found]}"
    hint = f"Export with commas and decimal points, or declare `text = {{ delimiter = {found!r} }}` in a profile"
    return Fault(path.name, rule, 1 + form.skip_lines, None, names[0], hint)


def _parse_csv(data: bytes, form: TextFormat, names: Sequence[str]) -> tuple[pa.Table, bool]:
    """All cells as text, empty ones null; the second value says that some line has too few or too many cells."""
    ragged: list[int] = []

    def note(row: pacsv.InvalidRow) -> str:
        ragged.append(row.actual_columns)
        return "skip"

    # Positions as names: a repeated name in the header is the check's to report, not a reason to stop reading.
    keys = [str(i) for i in range(len(names))]
    table = (
        pacsv.read_csv(
            pa.BufferReader(data),
            pacsv.ReadOptions(
                column_names=keys, skip_rows_after_names=0, skip_rows=int(form.header), block_size=1 << 24
            ),
            pacsv.ParseOptions(
                delimiter=form.delimiter, newlines_in_values=b'"' in data, invalid_row_handler=note, quote_char='"'
            ),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(keys, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
        if _has_rows(data, form)
        else pa.table([pa.array([], pa.string())] * len(keys), names=keys)
    )
    return table, bool(ragged)


def _has_rows(data: bytes, form: TextFormat) -> bool:
    body = data.lstrip(b"\r\n")
    return bool(body.split(b"\n", 1)[1].strip()) if form.header and b"\n" in body else not form.header


def _to_pandas(arrow: pa.Table, names: Sequence[str], contract: TableContract | None) -> pd.DataFrame:
    columns: list[pa.ChunkedArray] = []
    for i, name in enumerate(names):
        known = contract.column(name) if contract is not None else None
        if known is not None:
            cells = _fast(arrow.column(i), ARROW_KINDS.get(known.kind))
            words = contract is not None and contract.compact and known.kind == "text" and name not in contract.key
            columns.append(_as_categories(cells) if words else cells)
        else:
            columns.append(_extra(arrow.column(i)) if contract is not None else arrow.column(i))
    frame: pd.DataFrame = pa.table(columns, names=[str(i) for i in range(len(columns))]).to_pandas(date_as_object=False)
    frame.columns = pd.Index(list(names))
    return _with_blank(frame)


def _fast(cells: pa.ChunkedArray, kind: pa.DataType | None) -> pa.ChunkedArray:
    """A clean column as values in one pass; one that has anything to report stays text for the slow way."""
    if kind is None:
        return cells
    try:
        values = cells.cast(kind)
    except pa.ArrowInvalid:
        return cells
    if pa.types.is_floating(kind) and not pc.all(pc.is_finite(values), min_count=0).as_py():
        return cells
    return values


def _extra(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column the contract does not know: numbers or flags where every cell is one, else text.

    Leading zeros mean a code.
    """
    coded = pc.any(pc.match_substring_regex(cells, r"^[-+]?0\d|^\s|\s$"), min_count=0).as_py()
    if coded or cells.null_count == len(cells):
        return cells
    numbers = _fast(cells, pa.float64())
    return numbers if pa.types.is_floating(numbers.type) else _fast(cells, pa.bool_())


def _lines(data: bytes, rows: int, form: TextFormat) -> IntArray:
    """Line of each row as an editor counts; shape (rows,). Only files with blank or broken lines need a second look."""
    head = int(form.header)
    if data.count(b"\n") + (not data.endswith(b"\n")) == rows + head:
        return np.arange(1 + head, rows + 1 + head)
    return np.array([line for line, _ in _records(data, form)][head:], dtype=np.int64)


def _records(data: bytes, form: TextFormat) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=form.delimiter)
    found, line = [], 1
    for record in reader:
        if record:
            found.append((line, record))
        line = reader.line_num + 1
    return found


def _read_ragged(
    path: Path, data: bytes, form: TextFormat, names: Sequence[str]
) -> tuple[pd.DataFrame, IntArray, tuple[Fault, ...]]:
    """A file with broken lines: those are faults, the others are read."""
    records = _records(data, form)[int(form.header) :]
    whole = [(line, cells) for line, cells in records if len(cells) == len(names)]
    more, fewer = "Quote texts that hold the delimiter, or remove thousands separators", "Is the export finished?"
    faults = tuple(
        Fault(
            path.name,
            f"expected {len(names)} cells, found {len(cells)}",
            line,
            None,
            form.delimiter.join(cells),
            more if len(cells) > len(names) else fewer,
        )
        for line, cells in records
        if len(cells) != len(names)
    )
    table = pd.DataFrame([cells for _, cells in whole], columns=list(names), dtype="str").replace("", pd.NA)
    return table.astype("str"), np.array([line for line, _ in whole], dtype=np.int64), faults
