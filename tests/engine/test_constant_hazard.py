"""A hazard that is the same in every month needs no month column, wherever a set is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.assumptions.check import set_faults
from behavior.assumptions.compare import compare
from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver
from behavior.assumptions.readings import readings
from behavior.assumptions.set import AssumptionSet
from behavior.cli import main
from behavior.engine.positions import Book
from behavior.engine.projection import project
from behavior.io.set_folder import read_set, write_set
from behavior.market.shifts import Shift
from tests.assumption_examples import NO_MONTHS
from tests.engine.simple import flat_world, loan, runoff, table

HAZARD = 0.0125


def constant(drivers: bool = False) -> AssumptionSet:
    """The hazard without months, of an incentive too."""
    made = runoff("loan", np.full(480, HAZARD))
    grid = {Driver.RATE_LEVEL: np.asarray([0.0, 0.05])} if drivers else {}
    values = np.asarray([HAZARD, HAZARD]) if drivers else np.asarray(HAZARD)
    curve = AssumptionCurve(("loan",), NO_MONTHS, grid, values)
    return replace(made, tables=(replace(made.tables[0], curves=(curve,), drivers=tuple(grid), month_meaning=None),))


@pytest.mark.parametrize("drivers", [False, True])
def test_it_is_worth_what_the_same_value_in_every_month_is(drivers: bool) -> None:
    book = Book(table(loan(118, 0.06), loan(31, 0.03, payment_months=1, repayment="bullet")))
    world = flat_world(shifts={"up": Shift(parallel=0.02)})
    without, with_months = (
        project(book, world, constant(drivers)),
        project(book, world, runoff("loan", np.full(480, HAZARD))),
    )
    np.testing.assert_allclose(without.value, with_months.value, rtol=1e-13)
    np.testing.assert_allclose(without.flows, with_months.flows, rtol=1e-12, atol=1e-6)
    assert without.coverage["share_extrapolated"].tolist() == [0.0] * len(without.coverage)


def test_it_reads_as_the_same_value_in_every_month_does() -> None:
    curve, monthly = constant().tables[0].curves[0], runoff("loan", np.full(480, HAZARD)).tables[0].curves[0]
    np.testing.assert_allclose(curve.survival(), monthly.survival(), rtol=1e-13)
    assert curve.average_life().years == pytest.approx(monthly.average_life().years)
    assert curve.average_life().share_beyond == 0.0
    assert curve.survival({}, 12).shape == (12,)


@pytest.mark.parametrize("drivers", [False, True])
def test_a_set_with_it_is_right_written_read_and_read_from(tmp_path: Path, drivers: bool) -> None:
    made = constant(drivers)
    assert set_faults(made) == []
    write_set(made, tmp_path / "set")
    back = read_set(tmp_path / "set")
    assert "month" not in (tmp_path / "set" / "runoff.csv").read_text().splitlines()[0].split(",")
    np.testing.assert_array_equal(back.tables[0].curves[0].values, made.tables[0].curves[0].values)
    read = {row.measure: row.value for row in readings(back)}
    assert read["5-year survival"] == pytest.approx((1 - HAZARD) ** 60)
    assert read["share of average life beyond the data"] == 0.0
    assert compare(made, back).changed() == ()


def test_import_show_and_diff_take_a_file_without_months(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, share in (("low", 0.06), ("high", 0.12)):
        text = f"effect,cause,quantity,product,value\nRUNOFF,withdrawal,ANNUAL_DECAY,savings,{share}\n"
        (tmp_path / f"{name}.csv").write_text(text)
        words = [
            "assumptions",
            "import",
            str(tmp_path / f"{name}.csv"),
            "--id",
            f"2026-09-30.{name}",
            "--as-of",
            "2026-09-30",
        ]
        assert main([*words, "--proposed-by", "someone", "--store", str(tmp_path / "store")]) == 0
    capsys.readouterr()
    assert main(["assumptions", "show", "2026-09-30.low", "--store", str(tmp_path / "store")]) == 0
    assert main(["assumptions", "diff", "2026-09-30.low", "2026-09-30.high", "--store", str(tmp_path / "store")]) == 0
    assert "average life" in capsys.readouterr().out
