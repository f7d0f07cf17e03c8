"""The table of sensitivities to key assumptions, as the US advisory on interest rate risk asks for.

Each assumption is scaled on its own, in base and under parallel shocks up and down, and the book is valued again: the
effect is that of a whole run, behaviour and income included.

- ``deposit_life``: run-off times of non-maturity deposits, after any regulatory cap.
- ``deposit_beta``: long-run pass-through of the rates that the bank sets, at most 1 (or what it is).
- ``prepayment``: annual speed of payoff and curtailment, at most 1.
- ``early_redemption``: annual rate at which deposits with a maturity are withdrawn, at most 1.
- ``drawdown``: monthly share of undrawn commitments, at most 1.
- ``volatility``: implied volatilities of all options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Effect
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.engine.positions import LIABILITY, Book
from behavior.engine.runoff import DEPOSIT_CAUSES, match_table
from behavior.market.regulation import parameters
from behavior.market.scenario_sets import BASE, Scenario, ScenarioSet
from behavior.market.shifts import BASIS_POINT, Shift
from behavior.measures.nii import main_sheet
from behavior.measures.result import IrrbbResult
from behavior.measures.sensitivity import Case, sensitivity_table
from behavior.quantities import MONTHS_PER_YEAR, FloatArray, Quantity
from behavior.workflows.valuation import ValuationInputs, ValuationOptions, under
from behavior.workflows.value import value
from behavior.workflows.value_overlays import pinned

PREPAYMENT_CAUSES = ("payoff", "curtailment")
Scale = Callable[[ValuationInputs, ValuationOptions, float], tuple[ValuationInputs, ValuationOptions]]
ChosenCurve = Callable[[AssumptionTable, int], bool]


def parallel_scenarios() -> ScenarioSet:
    """Base, and one parallel shock down and up, without a floor."""
    table = parameters("sensitivities")["assumptions"]
    size = float(table["shock_bp"])
    down = Scenario(f"down_{size:g}", {"*": (Shift(-size * BASIS_POINT),)})
    up = Scenario(f"up_{size:g}", {"*": (Shift(size * BASIS_POINT),)})
    return ScenarioSet((Scenario(BASE), down, up), "sensitivity", "none", "sum", table.provenance.source)


def sensitivity(
    inputs: ValuationInputs, options: ValuationOptions, factors: Sequence[float] | None = None
) -> pd.DataFrame:
    """Every key assumption of the book times each factor, ranked; columns as in `measures.sensitivity`.

    Parameters
    ----------
    factors : 0.5, 0.8, 1.2 and 1.5 unless said.

    Raises
    ------
    As `value`.
    """
    held = parameters("sensitivities")["assumptions"]
    chosen = [float(one) for one in (held["factors"] if factors is None else factors)]
    plain = replace(pinned(options), scenarios=parallel_scenarios(), cash_flows=False)
    inputs = under(inputs, parallel_scenarios())
    as_used = _case("as used", 1.0, value(inputs, plain))
    cases = [
        _case(name, factor, value(*scale(inputs, plain, factor)))
        for name, scale in key_assumptions(inputs).items()
        for factor in chosen
    ]
    return sensitivity_table(as_used, cases)


def _case(name: str, factor: float, result: IrrbbResult) -> Case:
    eve = result.eve_total
    months = int(parameters("sensitivities")["assumptions"]["horizon_months"])
    nii = result.nii_summary[result.nii_summary["horizon_months"] == months]
    nii = nii[nii["balance_sheet"] == main_sheet(nii)]
    return Case(
        name,
        factor,
        dict(zip(eve["scenario"], eve["eve"].astype(float), strict=True)),
        dict(zip(nii["scenario"], nii["nii"].astype(float), strict=True)),
    )


def key_assumptions(inputs: ValuationInputs) -> Mapping[str, Scale]:
    """The key assumptions that this book and set have, each with how it is scaled."""
    book = Book(inputs.book.reset_index(drop=True), inputs.schedule)
    tables = () if inputs.assumptions is None else inputs.assumptions.tables
    open_ended = np.asarray(book.words("repayment", "bullet")) == "none"
    dated = (book.side == LIABILITY) & ~open_ended
    redeemed = {table.name: _matched(book, table, dated) for table in tables if table.cause in DEPOSIT_CAUSES}
    found: dict[str, Scale] = {}
    if (open_ended & (book.side == LIABILITY)).any():
        found["deposit_life"] = _scale_life
    if any(table.quantity is Quantity.MARGINAL_PASS_THROUGH for table in tables):
        found["deposit_beta"] = _on_set(scaled_pass_through)
    if any(table.effect is Effect.RUNOFF and table.cause in PREPAYMENT_CAUSES for table in tables):
        found["prepayment"] = _on_set(
            lambda held, factor: scaled_speed(held, factor, lambda table, _: table.cause in PREPAYMENT_CAUSES)
        )
    if any(places for places in redeemed.values()):
        found["early_redemption"] = _on_set(
            lambda held, factor: scaled_speed(held, factor, lambda table, k: k in redeemed.get(table.name, ()))
        )
    if any(table.effect is Effect.DRAWDOWN for table in tables):
        found["drawdown"] = _on_set(scaled_drawdown)
    if inputs.vols is not None or np.isfinite(book.numbers("volatility", np.nan)).any():
        found["volatility"] = _scale_volatility
    return found


def _matched(book: Book, table: AssumptionTable, rows: np.ndarray) -> frozenset[int]:
    """Curves of a table that act on some of the rows."""
    if table.effect is not Effect.RUNOFF:
        return frozenset()
    curve = match_table(book, table).curve[rows]
    return frozenset(np.unique(curve[curve >= 0]).tolist())


def _scale_life(
    inputs: ValuationInputs, options: ValuationOptions, factor: float
) -> tuple[ValuationInputs, ValuationOptions]:
    return inputs, replace(options, deposit_life_factor=options.deposit_life_factor * factor)


def _scale_volatility(
    inputs: ValuationInputs, options: ValuationOptions, factor: float
) -> tuple[ValuationInputs, ValuationOptions]:
    vols = None if inputs.vols is None else inputs.vols.assign(value=inputs.vols["value"] * factor)
    book = inputs.book
    if "volatility" in book:
        book = book.assign(volatility=pd.to_numeric(book["volatility"]) * factor)
    return replace(inputs, vols=vols, book=book), options


def _on_set(change: Callable[[AssumptionSet, float], AssumptionSet]) -> Scale:
    def scale(
        inputs: ValuationInputs, options: ValuationOptions, factor: float
    ) -> tuple[ValuationInputs, ValuationOptions]:
        if inputs.assumptions is None:
            return inputs, options
        return replace(inputs, assumptions=change(inputs.assumptions, factor)), options

    return scale


def scaled_annual(hazards: FloatArray, factor: float) -> FloatArray:
    """Monthly hazards whose annual form is multiplied: min(1, factor x (1 - (1 - h)^12)), same shape."""
    annual = np.minimum(1.0, factor * (1.0 - (1.0 - hazards) ** MONTHS_PER_YEAR))
    return np.asarray(1.0 - (1.0 - annual) ** (1.0 / MONTHS_PER_YEAR))


def scaled_speed(held: AssumptionSet, factor: float, chosen: ChosenCurve) -> AssumptionSet:
    """The set with the annual speed of some RUNOFF curves multiplied, at every point of their grids.

    chosen : whether a curve (its table, and its place there) is meant.
    """
    return _with_values(
        held,
        lambda table, place: table.effect is Effect.RUNOFF and chosen(table, place),
        lambda hazards: scaled_annual(hazards, factor),
    )


def scaled_pass_through(held: AssumptionSet, factor: float) -> AssumptionSet:
    """The set with every long-run pass-through multiplied, at most 1 or what it was."""
    return _with_values(
        held,
        lambda table, _: table.quantity is Quantity.MARGINAL_PASS_THROUGH,
        lambda betas: np.minimum(betas * factor, np.maximum(betas, 1.0)),
    )


def scaled_drawdown(held: AssumptionSet, factor: float) -> AssumptionSet:
    """The set with every monthly drawdown multiplied, at most 1."""
    return _with_values(
        held, lambda table, _: table.effect is Effect.DRAWDOWN, lambda drawn: np.minimum(drawn * factor, 1.0)
    )


def _with_values(held: AssumptionSet, chosen: ChosenCurve, change: Callable[[FloatArray], FloatArray]) -> AssumptionSet:
    """The set with the values of the chosen curves changed; their bands, which are of other values, are gone."""
    tables = tuple(
        replace(
            table,
            curves=tuple(
                replace(curve, values=change(curve.values), lower=None, upper=None) if chosen(table, place) else curve
                for place, curve in enumerate(table.curves)
            ),
        )
        for table in held.tables
    )
    return replace(held, tables=tables)
