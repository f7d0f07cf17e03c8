"""Conversions and average lives of constant assumptions, against vectors 07, 11 and 12 made by others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.repricing import half_life_months
from behavior.io.exchange import import_set
from behavior.quantities import annual_to_monthly, monthly_to_annual, psa_to_cpr
from tests.assumption_examples import AS_OF, flat_decay

pytestmark = pytest.mark.shared


def test_speeds_and_their_monthly_shares(quantitative: Path) -> None:
    table = pd.read_csv(quantitative / "07_prepayment_conversions.csv")
    assert annual_to_monthly(table["cpr"]) == pytest.approx(table["smm"], abs=1e-14)
    assert monthly_to_annual(table["smm"]) == pytest.approx(table["cpr"], abs=1e-12)
    cases = table["case"].str.extract(r"psa_(\d+)_age_(\d+)").dropna().astype("float64")
    assert len(cases) == 11
    found = psa_to_cpr(cases[0].to_numpy(), cases[1].to_numpy())
    assert found == pytest.approx(table.loc[cases.index, "cpr"].to_numpy(), abs=1e-14)


def test_an_imported_speed_is_the_vector(quantitative: Path, tmp_path: Path) -> None:
    table = pd.read_csv(quantitative / "07_prepayment_conversions.csv")
    cases = [
        (*re.findall(r"\d+", case), smm) for case, smm in zip(table["case"], table["smm"], strict=True) if "psa" in case
    ]
    speeds = sorted({speed for speed, _, _ in cases})
    lines = [f"RUNOFF,payoff,PSA,{speed},,{speed}" for speed in speeds]
    (tmp_path / "psa.csv").write_text("\n".join(["effect,cause,quantity,product,month,value", *lines]))
    (imported,) = import_set(tmp_path / "psa.csv", "v1", AS_OF).tables
    for speed, age, smm in cases:
        assert imported.curve((speed,)).at(int(age)).values == pytest.approx(smm, abs=1e-14)


def test_constant_decay_in_every_unit(quantitative: Path) -> None:
    table = pd.read_csv(quantitative / "11_decay_conversions.csv")
    assert monthly_to_annual(table["monthly_decay"]) == pytest.approx(table["annual_decay"], abs=1e-14)
    for row in table.itertuples():
        curve = flat_decay(float(row.monthly_decay)).curves[0]
        life = curve.average_life()
        assert life.inside_years == pytest.approx(row.wal_end_month_capped_10y_years, abs=1e-12)
        open_ended = (1.0 - curve.survival()[-1]) * row.wal_end_month_years
        assert life.years == pytest.approx(open_ended, rel=1e-12)
        halved = np.log(0.5) / np.log(curve.survival(months=1)[0]) / 12.0
        assert halved == pytest.approx(row.half_life_years, rel=1e-12)


def test_partial_adjustment_half_life(quantitative: Path) -> None:
    found = json.loads((quantitative / "12_deposit_beta.json").read_text())["partial_adjustment"]
    assert half_life_months(found["speed"]) == pytest.approx(found["half_life_months"], abs=1e-12)
