"""Pictures and tables that only a pass-through model can make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from behavior.assumptions.effects import POOLED
from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_correction import NAMES, ErrorCorrection
from behavior.estimators.pass_through_laws import SegmentLaw
from behavior.estimators.pass_through_readings import read_law
from behavior.kinds._segments import segment_name
from behavior.kinds.base import Exhibit
from behavior.quantities import FloatArray

PERCENT = 100.0
MODELS = ("predicted", "challenger", "benchmark")
LARGEST_PICTURES = 8


def path_exhibit(table: pd.DataFrame, known_to: pd.Timestamp) -> Exhibit:
    """Balance-weighted rate paid by month: what was paid, and what each model said."""
    rows = table.dropna(subset=["predicted"])
    columns = ["actual", *(name for name in MODELS if name in rows.columns)]
    sums = rows[columns].mul(rows["weight"], axis=0).groupby(rows["month"]).sum()
    means = sums.div(rows.groupby("month")["weight"].sum(), axis=0) * PERCENT
    driver = (rows["driver"] * rows["weight"]).groupby(rows["month"]).sum() / rows.groupby("month")["weight"].sum()
    means["short rate"] = driver * PERCENT
    return Exhibit(
        "pass_through_path",
        "Rate paid against the models, all segments by balance",
        "lines",
        means.reset_index(),
        "month",
        "rate, % a year",
        f"Paths start at the first observation, and again at {known_to:%Y-%m}, the last month that the judged fit saw; "
        "nothing of the rate paid after those months is used.",
    )


def segment_paths(table: pd.DataFrame) -> list[Exhibit]:
    """The same for the largest segments."""
    sizes = table.groupby("segment")["weight"].sum().sort_values(ascending=False)
    found = []
    for segment in sizes.index[:LARGEST_PICTURES]:
        rows = table[(table["segment"] == segment) & table["predicted"].notna()]
        if rows.empty:
            continue
        columns = ["actual", *(name for name in MODELS if name in rows.columns)]
        means = rows.groupby("month")[columns].mean() * PERCENT
        name = f"pass_through_path_{segment}"
        found.append(Exhibit(name, f"Rate paid: {segment}", "lines", means.reset_index(), "month", "rate, % a year"))
    return found


def target_exhibit(model: StructuralPassThrough) -> Exhibit:
    """Marginal pass-through by level of the short rate, with its band, of the segments themselves.

    Fallbacks lie among their members; their figures stand in the table of readings.
    """
    knots = model.layout_.knots
    data: dict[str, FloatArray] = {"short rate, %": knots * PERCENT}
    own = [law for law in model.laws_ if POOLED not in law.segment] or list(model.laws_)
    for law in own[:LARGEST_PICTURES]:
        name = segment_name(law.segment)
        head = np.zeros(model.layout_.structural.start)
        data[name] = model.layout_.marginals(np.concatenate([head, law.parameters]))
        if law.replicates.size:
            many = model.layout_.marginals(_padded(model, law.replicates))
            tail = (1.0 - model.options.confidence) / 2.0
            data[f"{name}_lower"], data[f"{name}_upper"] = np.quantile(many, [tail, 1.0 - tail], axis=0)
    return Exhibit(
        "target_by_level",
        "Long-run pass-through of one more basis point, by level of the short rate",
        "lines",
        pd.DataFrame(data),
        "short rate, % a year",
        "marginal pass-through",
        f"Bands cover {model.options.confidence:.0%}. Outside the levels shown nothing was seen: flat there."
        + (f" {LARGEST_PICTURES} of {len(own)} segments are drawn." if len(own) > LARGEST_PICTURES else ""),
    )


def _padded(model: StructuralPassThrough, structural: FloatArray) -> FloatArray:
    head = np.zeros((*structural.shape[:-1], model.layout_.structural.start))
    return np.concatenate([head, structural], axis=-1)


def readings_exhibit(model: StructuralPassThrough, segments: Sequence[tuple[str, ...]] = ()) -> Exhibit:
    """Long-run beta, half-lives and lags of every law with bands, and what the fit is unsure of.

    `segments` are those of the history; which of them have no law of their own is said.
    """
    rows = [_reading_row(model, law) for law in model.laws_]
    known = {law.segment for law in model.laws_}
    without = sorted({segment_name(segment) for segment in segments if segment not in known})
    pooled = f" Without a law of their own, and read from a pooled one: {', '.join(without)}." if without else ""
    return Exhibit(
        "half_lives",
        "Pass-through in treasury's words",
        "table",
        pd.DataFrame(rows),
        note="Long-run beta is over the whole range of levels seen. Half-lives leave the delay out. Bands in brackets."
        + pooled,
    )


def _reading_row(model: StructuralPassThrough, law: SegmentLaw) -> dict[str, object]:
    knots, layout = model.layout_.knots, model.layout_
    low, high = float(knots[0]), float(knots[-1])
    drawn = _padded(model, law.parameters)
    read = read_law(layout.law(drawn, law.delays), low, high)
    many = [read_law(layout.law(one, law.delays), low, high) for one in _padded(model, law.replicates)]
    tail = (1.0 - model.options.confidence) / 2.0

    def band(name: str, form: str) -> str:
        own = getattr(read, name)
        if not many:
            return form.format(own)
        ends = np.quantile([getattr(one, name) for one in many], [tail, 1.0 - tail])
        low_end, high_end = min(float(ends[0]), own), max(float(ends[1]), own)
        return f"{form.format(own)} [{form.format(low_end)}, {form.format(high_end)}]"

    return {
        "segment": segment_name(law.segment),
        "long-run beta": band("long_run_beta", "{:.3f}"),
        "half-life up, months": band("half_life_up", "{:.1f}"),
        "half-life down, months": band("half_life_down", "{:.1f}"),
        "delay up, months": law.delays[0],
        "delay down, months": law.delays[1],
        "passed on after 12 months": f"{read.after_twelve_months:.3f}",
        "one-step error, bp": law.sigma,
        "not certain": "; ".join(law.facts.get("flags", [])) or "nothing",
    }


def correction_exhibit(model: ErrorCorrection) -> Exhibit:
    """The error-correction challenger with robust errors and its cointegration statistic, segment by segment."""
    rows = []
    for segment, found in model.fits_.items():
        row: dict[str, object] = {"segment": segment_name(segment), "rows": found.rows}
        for name, value, error in zip(NAMES, found.coefficients, found.robust_errors, strict=True):
            # A drift is a basis point or two a month: four decimals of a rate would leave one digit of it.
            scale, head, form = (1e4, f"{name}, bp", ".2f") if name == NAMES[0] else (1.0, name, ".4f")
            row[head] = f"{scale * value:{form}} ({scale * error:{form}})"
        row["long-run beta"] = f"{found.long_run_beta:.4f} ({found.long_run_error:.4f})"
        row["up less down, t"] = found.asymmetry
        row["half-life, months"] = found.half_life_months
        row["stable"] = "yes" if found.stable else "no"
        row["Engle-Granger"] = found.cointegration
        row["5% value"] = found.critical
        row["cointegrated"] = "yes" if found.cointegration < found.critical else "not shown"
        rows.append(row)
    refused = "; ".join(f"{name} ({why})" for name, why in model.refused_.items()) or "none"
    return Exhibit(
        "error_correction",
        "The challenger: error correction",
        "table",
        pd.DataFrame(rows),
        note="Newey-West errors in brackets, that of the long-run beta by the delta method. Rises and falls pass on "
        "differently at first where the t of up less down lies beyond 2. Pooled rows: means over segments, in brackets "
        f"their spread (of one segment alone its own errors); their tests are those of one member. Refused: {refused}.",
    )
