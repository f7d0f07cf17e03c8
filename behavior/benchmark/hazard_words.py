"""What an answer to a hazard question says: a row a model in words, who is ahead, and pictures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from behavior.benchmark.hazard_models import OURS, WORDS
from behavior.benchmark.hazard_scores import Score, survival_by_age
from behavior.benchmark.incumbents import INCUMBENT, legend_name, row_words, stand_in
from behavior.benchmark.judged_rows import DRIVERS, Judged, Rows
from behavior.benchmark.protocols import Incumbent
from behavior.benchmark.resampling import Draws, value_and_interval
from behavior.kinds.base import Exhibit

SHOWN = ("actual_over_expected", "monthly_cpr_error_points", "curve_error_points", "log_loss", "area_under_curve")


def model_words(given: Incumbent, judged: Judged) -> Mapping[str, str]:
    """What each model's row is; the incumbent's: the bank's own by name, or what stands in for it."""
    return {**WORDS, INCUMBENT: row_words(given, WORDS[stand_in(judged.expected)])}


def summary_of(table: pd.DataFrame, cause: str, words: Mapping[str, str] = WORDS) -> pd.DataFrame:
    """One row a model, in words: the scores that matter first, each with its interval; `words` say what each is."""
    whole = table[(table["cause"] == cause) & (table["slice"] == "")]
    lines = []
    for model in whole["model"].unique():
        line: dict[str, object] = {"model": model, "what": words.get(str(model), "")}
        own = whole[whole["model"] == model]
        for score in SHOWN:
            weighting = "balance" if score == "monthly_cpr_error_points" else "count"
            one = own[(own["score"] == score) & (own["weighting"] == weighting)]
            if len(one):
                value, low, high = (float(one.iloc[0][name]) for name in ("value", "low", "high"))
                form = ".4f" if score == "log_loss" else ".2f"
                line[score.replace("_", " ").replace("cpr", "CPR")] = f"{value:{form}} ({low:{form}}..{high:{form}})"
        lines.append(line)
    return pd.DataFrame(lines)


def winner_of(scores: Mapping[str, list[Score]], names: Mapping[str, str] = WORDS) -> str:
    """Who has the lower log loss, and by how much ours is ahead or behind, in words; `names` say what each model is."""
    loss = {
        model: next(one for one in own if one.score == "log_loss") for model, own in scores.items() if model != OURS
    }
    mine = next(one for one in scores[OURS] if one.score == "log_loss")
    best = min(loss, key=lambda model: (float(loss[model].draws[0]), model == INCUMBENT))  # or what stands in for it
    value, low, high = value_and_interval(mine.draws - loss[best].draws)
    scale = 100.0 / max(abs(float(loss[best].draws[0])), 1e-12)
    words = f"{scale * value:+z.2f}% ({scale * low:+z.2f} to {scale * high:+z.2f}) of its log loss"
    if value == 0.0 and low == high:
        return f"ours, which is `{best}` ({names.get(best, best)}) here"
    if value <= 0:
        return f"ours; the closest other is `{best}` ({names.get(best, best)}), from which ours differs by {words}"
    told = "by more than chance" if low > 0 else "not told apart from ours"
    return f"`{best}` ({names.get(best, best)}) has the lowest log loss, {told}: ours differs by {words}"


def pictures(cause: str, rows: Rows, judged: Judged, draws: Draws, given: Incumbent) -> list[Exhibit]:
    """Actual against expected by the driver's bucket, or by age where there is no driver, and survival by age.

    Parameters
    ----------
    given : what the bank uses for this cause, by which the legend names the incumbent.
    """
    found = []
    kept = [model for model in (OURS, INCUMBENT, "s_curve", "age_table", "boosted") if model in judged.expected][:4]
    legend = {INCUMBENT: legend_name(given, stand_in(judged.expected))}
    shown = {legend.get(model, model): judged.expected[model] for model in kept}
    slice_name = next((name for name in (*DRIVERS, "age") if name in rows.buckets), "age")
    code = rows.buckets[slice_name].codes.astype(np.int64)
    names = [str(one) for one in rows.buckets[slice_name].categories]
    held = np.maximum(np.bincount(code, rows.weight, len(names)), 1e-12)
    data = {
        slice_name: names,
        "actual": np.bincount(code, rows.weight * rows.actual) / held,
    }
    for model, expected in shown.items():
        data[model] = np.bincount(code, rows.weight * expected, len(names)) / held
    unit = "share a month" if rows.periods_a_year == 12 else "share a year"
    found.append(
        Exhibit(f"{cause}_by_{slice_name}", f"{cause} by {slice_name}", "lines", pd.DataFrame(data), slice_name, unit)
    )
    actual, ages = survival_by_age(rows, rows.actual, draws)
    curve = {"age": ages, "actual": actual[0]}
    bounds = np.quantile(actual[1:], [0.05, 0.95], axis=0)
    curve |= {"actual_lower": bounds[0], "actual_upper": bounds[1]}
    curve |= {model: survival_by_age(rows, expected, draws)[0][0] for model, expected in shown.items()}
    title = f"{cause}: share still there by age, from hazards of the rows judged"
    found.append(Exhibit(f"{cause}_survival", title, "lines", pd.DataFrame(curve), "age, months", "share"))
    return found
