"""Random books written to files, valued by the command, and its result files held to the plain valuation."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from behavior.cli import main
from behavior.io.set_folder import write_set
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from tests.engine.random_features import featured_case
from tests.engine.test_random_books import KEYS, against

TABLES = ("book", "curves", "rates", "fx", "vols", "schedule")
WORDS = ("interpolation", "driver_interpolation", "time", "rate_path", "margins", "price", "tail", "migrated")
FLAGS = ("include_default", "exchange_notionals")


def written(inputs: ValuationInputs, folder: Path, parquet: bool) -> list[str]:
    """Write what a valuation reads; returns the arguments that name it."""
    found = []
    for name in TABLES:
        table = getattr(inputs, name)
        if table is None or table.empty:
            continue
        path = folder / f"{name}.{'parquet' if parquet else 'csv'}"
        table.to_parquet(path, index=False) if parquet else table.to_csv(path, index=False)
        found += [str(path)] if name == "book" else [f"--{name}", str(path)]
    roles = "\n".join(f'{role} = "{index}"' for role, index in inputs.index_roles.items())
    margins = "\n".join(f"{product} = {margin!r}" for product, margin in inputs.new_business_margins.items())
    (folder / "settings.toml").write_text(
        f'as_of = {inputs.as_of}\nreporting_currency = "USD"\ntier1 = {inputs.tier1}\n'
        f"book_equity = {inputs.book_equity}\n[index_roles]\n{roles}\n[new_business_margins]\n{margins}\n"
    )
    assert inputs.assumptions is not None
    write_set(inputs.assumptions, folder / "set")
    return [*found, "--settings", str(folder / "settings.toml"), "--assumptions", str(folder / "set"), "--allow-draft"]


def chosen(options: ValuationOptions) -> list[str]:
    """The options as arguments."""
    found = ["--framework", options.framework, "--uncovered", options.uncovered, "--no-cap-deposits"]
    for name in (*WORDS, "runoff_convention", "deposit_view", "behaviour", "embedded_limits"):
        if getattr(options, name) is not None:
            found += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    found += [f"--{name.replace('_', '-')}" for name in FLAGS if getattr(options, name)]
    return found if options.pending else [*found, "--no-pending"]


@pytest.mark.parametrize(("seed", "parquet"), [(11, False), (12, True), (13, False)])
def test_the_command_values_files_as_the_plain_valuation_does(tmp_path: Path, seed: int, parquet: bool) -> None:
    case = featured_case(seed, 8, "options", "long_curves", "segments", "framework")
    inputs, options, _ = case
    asked = [*written(inputs, tmp_path, parquet), *chosen(options), "--out", str(tmp_path / "out")]
    assert main(["value", *asked]) == 0
    found = {name: pd.read_csv(tmp_path / "out" / f"{name}.csv") for name in KEYS}
    for table in found.values():
        if "month" in table:
            table["month"] = pd.to_datetime(table["month"])
    wrong = against(found, case)
    assert not wrong, f"{len(wrong)} cells differ: {wrong[:6]}"
