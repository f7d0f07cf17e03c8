"""Write results: everything under a temporary name first, then renamed, so that nothing half-written is left."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from behavior.io.tables import csv_text
from behavior.measures.result import IrrbbResult

RESULT = "result.json"
TABLES = (".csv", ".parquet")


def write_result(result: IrrbbResult, folder: Path, beside: Sequence[str] = ()) -> tuple[Path, ...]:
    """Write one CSV a table and, last, ``result.json`` into a folder; files of the same name are replaced.

    Files of the result that lay there before, by its ``result.json``, are removed; all others are left. A folder
    without ``result.json`` holds no result: what was stopped while it wrote is not taken for one.

    Parameters
    ----------
    beside : names of further files of this result, written already.

    Returns
    -------
    Paths written, in order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"{name}.csv": csv_text(table) for name, table in result.tables().items()}
    files = sorted([*texts, *beside])
    stale = _files_of(folder) - set(files)
    facts = {**result.facts, "stamp": result.stamp, "files": files}
    texts = {RESULT: json.dumps(_finite(facts), indent=1, allow_nan=False) + "\n", **texts}
    temporary = Path(tempfile.mkdtemp(prefix=".writing.", dir=folder))
    try:
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8", newline="")
        for name in (*stale, RESULT):
            (folder / name).unlink(missing_ok=True)
        for name in (*(name for name in texts if name != RESULT), RESULT):
            (temporary / name).replace(folder / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return tuple(folder / name for name in (*texts, *beside))


def _files_of(folder: Path) -> set[str]:
    """Tables of the result that lies in a folder, as its ``result.json`` names them; none where it has none."""
    try:
        facts = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    names = facts.get("files") if isinstance(facts, dict) else None
    # Whatever a result.json says, only tables in the folder itself are a result's.
    return {
        name
        for name in (names if isinstance(names, list) else [])
        if isinstance(name, str) and Path(name).name == name and Path(name).suffix in TABLES
    }


def write_stream(tables: Iterable[pd.DataFrame], path: Path) -> int:
    """Write tables one after another into one Parquet file, under a temporary name first; returns the rows written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.writing")
    rows, writer = 0, None
    try:
        for table in tables:
            part = pa.Table.from_pandas(table, preserve_index=False)
            if writer is None:
                writer = pq.ParquetWriter(temporary, part.schema, compression="zstd")
            writer.write_table(part.cast(writer.schema))
            rows += len(table)
        if writer is not None:
            writer.close()
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _finite(value: Any) -> Any:
    """Plain JSON: NumPy numbers and dates as JSON has them, what is no number as null."""
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, np.generic):
        return _finite(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | type(None)) else str(value)
