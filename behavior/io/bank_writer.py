"""A simulated bank as files, so that a profile reads it like any other bank's extracts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import tomli_w

from behavior.io.assumption_store import AssumptionStore
from behavior.io.files import write_atomically
from behavior.io.tables import write_table
from behavior.simulator.bank import SimulatedBank, simulate
from behavior.simulator.example import example_book, example_curves, example_rates
from behavior.simulator.truth_tables import true_assumption_set

# What a simulated bank writes, in this order; every name is a table of the contracts.
BANK_TABLES = (
    "loans",
    "loan_months",
    "accounts",
    "account_months",
    "product_rates",
    "control_totals",
    "rates",
    "curves",
    "book",
)
SETTINGS_FILE = "settings.toml"
EXAMPLE_SEED = 20260930
PROPOSER, APPROVER = "simulator", "example committee"


def write_bank(bank: SimulatedBank, folder: Path) -> Mapping[str, str]:
    """Write every table of a bank as Parquet, and its settings; the folder is made where it is missing.

    Returns
    -------
    File name -> sha256 of its bytes. One seed gives the same digests every time.
    """
    tables = bank.tables()
    written = {f"{name}.parquet": write_table(tables[name], folder / f"{name}.parquet") for name in BANK_TABLES}
    written[SETTINGS_FILE] = write_atomically(folder / SETTINGS_FILE, settings_text(bank))
    return written


def settings_text(bank: SimulatedBank) -> str:
    """settings.toml of a simulated bank."""
    return tomli_w.dumps(dict(bank.settings))


def write_example(folder: Path | str, seed: int = EXAMPLE_SEED) -> Path:
    """Write the example of `data/`: a small book, its curves, rates and settings, and the true set, approved.

    Parameters
    ----------
    folder : gets `positions/`, `curves/` and `assumptions/`. A set is written once: remove its old folder and log to
        regenerate it.

    Returns
    -------
    The set's folder.
    """
    home, bank = Path(folder), simulate(seed=seed)
    write_table(example_book(bank), home / "positions" / "book.csv")
    write_table(example_curves(bank), home / "curves" / "nodes.csv")
    write_table(example_rates(bank), home / "curves" / "rates.csv")
    write_atomically(home / "curves" / SETTINGS_FILE, settings_text(bank))
    as_of = bank.simulator.as_of
    store = AssumptionStore(home / "assumptions")
    found = true_assumption_set(bank.truth, f"{as_of}.r1", seed)
    # Times are part of the example, not read from a clock, so that the log has the same bytes every time.
    evening = dt.datetime.combine(as_of, dt.time(18), tzinfo=dt.UTC)
    store.propose(found, PROPOSER, evening)
    store.approve(found.id, APPROVER, evening + dt.timedelta(hours=1), valid_from=as_of, note="example, not a bank's")
    (store.folder / ".log.jsonl.lock").unlink(missing_ok=True)
    return store.folder / found.id
