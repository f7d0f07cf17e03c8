"""A simulated bank as files, so that a profile reads it like any other bank's extracts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import tomli_w

from behavior.io.files import write_atomically
from behavior.io.tables import write_table
from behavior.simulator.bank import SimulatedBank

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


def write_bank(
    bank: SimulatedBank, folder: Path, file_format: Literal["parquet", "csv"] = "parquet"
) -> Mapping[str, str]:
    """Write every table of a bank and its settings; the folder is made where it is missing.

    Parameters
    ----------
    file_format : Parquet for histories of a bank's size, CSV where people read the files.

    Returns
    -------
    File name -> sha256 of its bytes. One seed gives the same digests every time.
    """
    tables = bank.tables()
    written = {
        f"{name}.{file_format}": write_table(tables[name], folder / f"{name}.{file_format}") for name in BANK_TABLES
    }
    written[SETTINGS_FILE] = write_atomically(folder / SETTINGS_FILE, tomli_w.dumps(dict(bank.settings)))
    return written
