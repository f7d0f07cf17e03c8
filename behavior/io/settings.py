"""``settings/1``: as-of date, capital, roles of indices, limits and margins of one valuation, in TOML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from behavior.columns import LARGEST_PLAIN_RATE, PERCENT_HINT
from behavior.digests import sha256_of
from behavior.io.files import read_bytes
from behavior.panel.base import SourceFile
from behavior.toml_text import TomlText

SHARES = ("_tier1", "_base")
"""How names of limits end that are shares, of Tier 1 or of base."""


class Settings(BaseModel):
    """Settings of a valuation.

    Parameters
    ----------
    tier1, book_equity : amounts in the reporting currency.
    index_roles : role (``short``, ``mortgage``, further ones) -> index name of the rate history or the curves.
    limits : name -> share of Tier 1 (0.15 is 15%) or amount, above 0; names that end in one of `SHARES` are shares, at
        most 1; a measure names the ones it knows.
    new_business_margins : product -> margin over the zero rate of its term, decimals a year.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)

    as_of: dt.date
    reporting_currency: str = Field(pattern=r"^[A-Z]{3}$")
    tier1: float = Field(gt=0)
    book_equity: float
    index_roles: dict[str, str] = Field(
        default_factory=dict, validation_alias=AliasChoices("index_roles", "roles", "indices")
    )
    limits: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    new_business_margins: dict[str, float] = Field(default_factory=dict)

    @field_validator("limits")
    @classmethod
    def _shares(cls, limits: dict[str, float]) -> dict[str, float]:
        large = [f"{name} = {value:g}" for name, value in limits.items() if name.endswith(SHARES) and value > 1.0]
        if large:
            raise ValueError(f"expected shares (0.15 is 15%), {', '.join(large)} looks like percent. Divide by 100")
        return limits

    @field_validator("new_business_margins")
    @classmethod
    def _decimals(cls, margins: dict[str, float]) -> dict[str, float]:
        percent = [f"{name} = {value:g}" for name, value in margins.items() if abs(value) > LARGEST_PLAIN_RATE]
        if percent:
            raise ValueError(f"expected decimals a year, {', '.join(percent)} looks like percent. {PERCENT_HINT}")
        return margins


def parse_settings(raw: Mapping[str, Any], where: str) -> Settings:
    """Settings from a TOML table.

    Raises
    ------
    SpecFault : naming every fault with its path.
    """
    return TomlText(where, "", raw).words(Settings)


def read_settings_file(path: Path) -> tuple[Settings, SourceFile]:
    """Settings of a TOML file, and the file's digest.

    Raises
    ------
    SpecFault : naming every fault with its line and path.
    """
    data = read_bytes(path)
    return TomlText.read(data, path.name).words(Settings), SourceFile(path.name, sha256_of(data), 0)
