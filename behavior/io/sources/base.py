"""What a published layout is, and reading text files of any length in batches."""

from __future__ import annotations

import gzip
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from behavior.cells import Breach
from behavior.contracts import Place, faults_at
from behavior.digests import sha256_of, sha256_of_file
from behavior.errors import Fault, FaultyInput
from behavior.io.raw import RawTable, TextFormat, raw_table
from behavior.quantities import IntArray

BATCH_BYTES = 1 << 21
"""A file is read in parts of so many bytes. Parts eight times as large take 450 MB more and a third less time."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
AS_PUBLISHED = "Is the file as it was published? Download it again"


@dataclass(frozen=True)
class Batch:
    """Some rows of a file in the contract's columns.

    Parameters
    ----------
    lines : line of each row, shape (rows,). faults : cells and lines that could not be read; such cells are empty.
    dropped : reason -> rows left out.
    """

    table: pd.DataFrame
    lines: IntArray
    faults: tuple[Fault, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)


def _itself(path: Path) -> tuple[Path, ...]:
    return (path,)


@dataclass(frozen=True)
class Layout:
    """A published layout.

    Parameters
    ----------
    contract : what its rows become, ``mortgage_history/1:loan_months``.
    quirks : the publisher's peculiarities and what is done about each, printed with the history.
    read : file -> batches; memory does not grow with the file, unless `whole` says that it must be seen whole.
    files : the file or folder named -> every file that is read, for the digest.
    """

    name: str
    publisher: str
    contract: str
    quirks: tuple[str, ...]
    read: Callable[[Path], Iterator[Batch]]
    whole: bool = False
    files: Callable[[Path], tuple[Path, ...]] = _itself


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A text file as bytes, also inside .gz or .zip (its only member).

    Raises
    ------
    FaultyInput : no such file, a folder, an archive with several members, or one that is cut off.
    """
    if path.is_dir():
        raise FaultyInput([Fault(str(path), "expected a file, this is a folder", hint="Name a file in it")])
    if not path.is_file():
        raise FaultyInput([Fault(str(path), "expected a file, there is none of that name", hint="Check the path")])
    try:
        with _unpacked(path) as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        fault = Fault(path.name, f"expected a whole archive ({error})", hint="Is the download whole?")
        raise FaultyInput([fault]) from error


@contextmanager
def _unpacked(path: Path) -> Iterator[Any]:
    if path.suffix.lower() == ".gz":
        with gzip.open(path) as file:
            yield file
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if not name.endswith("/")]
            if len(members) != 1:
                rule = f"expected one file in the archive, found {len(members)}"
                hint = "Unpack it and name the file"
                raise FaultyInput([Fault(path.name, rule, value=", ".join(members)[:80], hint=hint)])
            with archive.open(members[0]) as file:
                yield file
    else:
        with path.open("rb") as file:
            yield file


def read_published(path: Path, form: TextFormat | None = None) -> RawTable:
    """A published text file that is read whole, also inside .gz or .zip; broken lines are among its faults.

    Raises
    ------
    FaultyInput : no such file or archive, or nothing in it that could be read as this text.
    """
    raw = raw_table(path, published_bytes(path), form)
    if raw.faults and raw.table.empty:
        raise FaultyInput([replace(fault, hint=AS_PUBLISHED) for fault in raw.faults])
    names = raw.table.columns
    if twice := [str(name) for name in names[names.duplicated()].unique() if name]:
        rule = "expected each column once in the header"
        raise FaultyInput([Fault(path.name, rule, 1, name, hint=AS_PUBLISHED) for name in twice])
    return raw


def published_bytes(path: Path) -> bytes:
    """A published text file as it lies, also inside .gz or .zip; FaultyInput where it is no such file."""
    with opened(path) as file:
        data: bytes = file.read()
    _refuse_page(path, data)
    return data


def _refuse_page(path: Path, data: bytes) -> None:
    """Refuse what a browser or a data service writes where a file was asked for."""
    start = data[:200].removeprefix(BYTE_ORDER_MARK).lstrip()
    if start.startswith(b"<"):
        shown = start[:60].decode("utf-8", "replace").splitlines()[0]
        hint = "Download it as text or CSV; a page in a file's place often says why there is none"
        raise FaultyInput(
            [Fault(path.name, "expected rows of text, this is a page or a feed (XML)", 1, None, shown, hint)]
        )


def field_names(layout: str) -> tuple[str, ...]:
    """Names of a published layout's fields in their order, from ``fields.toml`` beside this module."""
    text = resources.files("behavior.io.sources").joinpath("fields.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)[layout])


def digest_of(files: Sequence[Path]) -> str:
    """sha256 of a file of any length; of several, sha256 over their names and digests, a line each, in name order."""
    digests = [(path.name, sha256_of_file(path)) for path in sorted(files)]
    if len(digests) == 1:
        return digests[0][1]
    return sha256_of("\n".join(f"{name} {digest}" for name, digest in digests))


def text_batches(
    path: Path,
    names: Sequence[str],
    delimiter: str,
    header: bool = False,
    counts: tuple[int, int | None] | None = None,
    only: Sequence[str] = (),
    digits: str = "",
) -> Iterator[tuple[pd.DataFrame, IntArray, tuple[Fault, ...]]]:
    """Rows of a delimited file as text, in batches: table, lines, lines with a wrong number of fields.

    Parameters
    ----------
    names : names of the fields in order. header : the first line holds these names.
    counts : fewest and most fields a file may have (older releases have fewer), None for any more; default exactly as
        many as names. Fields beyond the names are dropped.
    only : the fields wanted, default all. digits : a field that holds digits in every row; with letters the first
        line is a header, which the layout has not.

    Raises
    ------
    FaultyInput : an empty file, a first line with another number of fields (then it is another layout), a header that
        should not be there or is another, or bytes that are no text in UTF-8.
    """
    if header:
        _expect_header(path, names, delimiter)
    found = _fields_of(path, names, delimiter, int(header), counts or (len(names), len(names)), digits)
    keys = [names[i] if i < len(names) else f"field_{i + 1}" for i in range(found)]
    wanted = list(only) or keys[: len(names)]
    line = 1 + int(header)
    bad: list[tuple[int, int, str]] = []
    told = 0
    try:
        with opened(path) as file:
            for batch in _reader(file, keys, delimiter, int(header), bad, wanted):
                lines = _lines_without(line, batch.num_rows, [number for number, _, _ in bad])
                line = int(lines[-1]) + 1 if lines.size else line
                # The reader is a block ahead, so that broken lines of the next one may be told with this one.
                faults, told = _broken(path, bad[told:], found), len(bad)
                yield *_without_blank_lines(batch.to_pandas(), lines), faults
            if bad[told:]:
                yield pd.DataFrame(columns=wanted, dtype="str"), np.zeros(0, np.int64), _broken(path, bad[told:], found)
    except pa.ArrowInvalid as error:
        raise FaultyInput([_unreadable(path, error)]) from error


def _lines_without(first: int, rows: int, broken: Sequence[int]) -> IntArray:
    """Lines of so many rows from a line on, broken ones left out; shape (rows,)."""
    lines = np.arange(first, first + rows + len(broken))
    return lines[~np.isin(lines, broken)][:rows] if broken else lines


def _broken(path: Path, bad: Sequence[tuple[int, int, str]], expected: int) -> tuple[Fault, ...]:
    hint = "Is the file whole?"
    return tuple(
        Fault(path.name, f"expected {expected} fields, found {cells}", line, None, text[:80], hint)
        for line, cells, text in bad
    )


def _without_blank_lines(table: pd.DataFrame, lines: IntArray) -> tuple[pd.DataFrame, IntArray]:
    filled = table.notna().any(axis=1).to_numpy()
    return (table, lines) if filled.all() else (table[filled].reset_index(drop=True), lines[filled])


def _unreadable(path: Path, error: Exception) -> Fault:
    """Why a file could not be read as text: the first line that is none, where there is one."""
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as wrong:
                value = f"byte {line[wrong.start]:02X}"
                return Fault(path.name, "expected text in utf-8", number, None, value, "Save it as UTF-8")
    return Fault(path.name, f"expected delimited text ({str(error).splitlines()[0]})", hint="Is the download whole?")


def _expect_header(path: Path, names: Sequence[str], delimiter: str) -> None:
    """Refuse a file whose first line is a row, or names other columns: a row would be lost, or be read as another."""
    with opened(path) as file:
        line = file.readline()
    _refuse_page(path, line)
    first = line.removeprefix(BYTE_ORDER_MARK).decode("utf-8", "replace").strip()
    found = [cell.strip().strip('"').lower() for cell in first.split(delimiter)]
    if first and found != list(names):
        rule = f"expected the names of the columns in the first line: {delimiter.join(names)}"
        raise FaultyInput([Fault(path.name, rule, 1, None, first[:80], "Download it again, or put the line back")])


def _fields_of(
    path: Path, names: Sequence[str], delimiter: str, skip_lines: int, counts: tuple[int, int | None], digits: str
) -> int:
    """Fields of the first line; refuses an empty file, another layout and a header where there should be none."""
    with opened(path) as file:
        first = b""
        for _ in range(1 + skip_lines):
            first = file.readline()
    if not first.removeprefix(BYTE_ORDER_MARK).strip():
        raise FaultyInput([Fault(path.name, "expected rows, the file is empty", hint="Is the download whole?")])
    _refuse_page(path, first)
    cells = first.decode("utf-8", "replace").split(delimiter)
    fewest, most = counts
    found = len(cells)
    if found < fewest or (most is not None and found > most):
        expected = f"{fewest} or more" if most is None else str(most) if fewest == most else f"{fewest} to {most}"
        rule = f"expected {expected} fields separated by {delimiter!r}, found {found}"
        raise FaultyInput([Fault(path.name, rule, 1 + skip_lines, hint="Is this another layout or release?")])
    text = cells[names.index(digits)] if digits else ""
    if any(sign.isalpha() for sign in text):
        rule = f"expected rows from the first line on, without a header: this is no `{digits}`"
        raise FaultyInput([Fault(path.name, rule, 1 + skip_lines, digits, text[:80], "Remove the header line")])
    return found


def _reader(
    file: Any,
    keys: Sequence[str],
    delimiter: str,
    skip_lines: int,
    bad: list[tuple[int, int, str]],
    wanted: Sequence[str],
) -> Iterator[Any]:
    def note(row: pacsv.InvalidRow) -> str:
        bad.append((int(row.number or 0), int(row.actual_columns), str(row.text)))
        return "skip"

    return iter(
        pacsv.open_csv(
            pa.PythonFile(file, mode="r"),
            pacsv.ReadOptions(column_names=list(keys), skip_rows=skip_lines, use_threads=False, block_size=BATCH_BYTES),
            pacsv.ParseOptions(delimiter=delimiter, quote_char='"', invalid_row_handler=note, ignore_empty_lines=False),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(keys, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                include_columns=list(wanted),
            ),
        )
    )


def numbers(path: Path, cells: pd.Series, lines: IntArray) -> tuple[pd.Series, tuple[Fault, ...]]:
    """Text as numbers, and the cells that are not."""
    try:
        clean = pa.array(cells, pa.string()).cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        clean = np.zeros(0)
    if clean.size == len(cells) and np.isnan(clean).sum() == cells.isna().sum():
        return pd.Series(clean, index=cells.index), ()
    texts = cells.astype("str").str.strip()
    values = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    bad = (values.isna() & texts.notna() & texts.ne("")).to_numpy(dtype=bool)
    if not bad.any():
        return values, ()
    breach = Breach(
        "expected a number, not text", np.flatnonzero(bad), str(cells.name), AS_PUBLISHED, texts[bad].tolist()
    )
    return values, tuple(faults_at(Place(path.name, lines), [breach]))


def months(path: Path, cells: pd.Series, form: str, lines: IntArray) -> tuple[pd.Series, tuple[Fault, ...]]:
    """Months written as `form` (``%Y%m``, ``%m%Y``) as month ends, and the cells that are not."""
    return _dates(path, cells, form, lines, month_end=True)


def dates(path: Path, cells: pd.Series, form: str, lines: IntArray) -> tuple[pd.Series, tuple[Fault, ...]]:
    """Dates written as `form`, and the cells that are not."""
    return _dates(path, cells, form, lines, month_end=False)


def _dates(
    path: Path, cells: pd.Series, form: str, lines: IntArray, month_end: bool
) -> tuple[pd.Series, tuple[Fault, ...]]:
    # A file holds few different dates, so each is read once.
    codes, texts = pd.factorize(cells)
    read = pd.to_datetime(pd.Series(texts, dtype="str").str.strip(), format=form, errors="coerce")
    read = (read + pd.offsets.MonthEnd(0) if month_end else read).astype("datetime64[us]")
    taken = np.append(read.to_numpy(), np.datetime64("NaT", "us"))[codes]
    values = pd.Series(taken, index=cells.index)
    bad = np.isnat(taken) & (codes >= 0)
    if not bad.any():
        return values, ()
    rule = f"expected a date written as `{form}`"
    breach = Breach(rule, np.flatnonzero(bad), str(cells.name), AS_PUBLISHED, cells[bad].astype("str").tolist())
    return values, tuple(faults_at(Place(path.name, lines), [breach]))


def words(cells: pd.Series, meaning: dict[str, str]) -> pd.Series:
    """A publisher's codes as words; codes without one (not available) are empty."""
    return cells.str.strip().map(meaning).astype("str")


def known(values: pd.Series, missing: Sequence[float]) -> pd.Series:
    """Numbers without the publisher's marks for `not available`."""
    return values.mask(values.isin(list(missing)))
