"""Tables streamed into one Parquet file: one at a time in memory, whole or not at all."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from behavior.io.writers import write_stream


def table(number: int) -> pd.DataFrame:
    return pd.DataFrame({"position_id": [f"P{number}"] * 3, "closing_balance": [float(number), 1.0, 0.0]})


def test_no_more_than_the_last_table_is_held_when_the_next_is_made(tmp_path: Path) -> None:
    made: list[weakref.ref[pd.DataFrame]] = []

    def tables() -> Iterator[pd.DataFrame]:
        for number in range(6):
            assert sum(one() is not None for one in made) <= 1
            found = table(number)
            made.append(weakref.ref(found))
            yield found
            del found

    path = tmp_path / "flows.parquet"
    assert write_stream(tables(), path) == 18
    expected = pd.concat([table(number) for number in range(6)], ignore_index=True)
    pd.testing.assert_frame_equal(pd.read_parquet(path), expected)


def test_a_stream_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def tables() -> Iterator[pd.DataFrame]:
        yield table(1)
        raise ValueError("broken off")

    with pytest.raises(ValueError, match="broken off"):
        write_stream(tables(), tmp_path / "flows.parquet")
    assert list(tmp_path.iterdir()) == []
