"""Pictures: any figures can be drawn, names stay readable, and those who cannot see one are told."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.kinds.base import Exhibit
from behavior.reporting.charts import Tidy, draw
from behavior.reporting.document import Figure, Table
from behavior.reporting.exhibits import block_of

forms = st.sampled_from(["lines", "bars", "scatter"])
values = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=30)


@pytest.mark.parametrize("name", ["sav $0-$100k $ $5_6", "nmd_$0_$50k", "a_$10k_to_$25k", "savings $0-$100k", r"a\$b"])
@pytest.mark.parametrize("form", ["lines", "bars"])
def test_amounts_in_names_are_no_formulas(name: str, form: str) -> None:
    data = pd.DataFrame({name: [name, "b"], f"{name} c": [1.0, 2.0], f"{name} d": [2.0, 3.0]})
    svg = draw(Exhibit("e", name, form, data, name, name))
    assert svg.count(f">{name}</text>") >= 2
    assert f">{name} c</text>" in svg


@given(forms, values)
@settings(max_examples=25, deadline=None)
def test_any_figures_can_be_drawn(form: str, given_: list[float]) -> None:
    data = pd.DataFrame({"x": np.arange(float(len(given_))), "y": given_})
    svg = draw(Exhibit("e", "t", form, data, "x", "y"))
    assert svg.startswith("<svg")
    assert svg.endswith("</svg>")
    assert "http://" not in svg.replace("http://www.w3.org/", "")


@pytest.mark.parametrize("form", ["lines", "bars"])
def test_bands_and_gaps_are_drawn(form: str) -> None:
    data = pd.DataFrame(
        {"x": ["a", "b", "c"], "y": [1.0, np.nan, 3.0], "y_lower": [0.5, np.nan, 2.0], "y_upper": [2.0, np.nan, 4.0]}
    )
    assert draw(Exhibit("e", "t", form, data, "x", "y")).startswith("<svg")


def test_of_several_bands_the_legend_names_lines_alone() -> None:
    data = pd.DataFrame({"x": [1.0, 2.0], "own": [1.0, 2.0], "own_lower": [0.5, 1.5], "own_upper": [1.5, 2.5]})
    assert "own, band" in draw(Exhibit("one", "One", "lines", data))
    several = data.assign(other=data["own"], other_lower=data["own_lower"], other_upper=data["own_upper"])
    text = draw(Exhibit("two", "Two", "lines", several))
    assert "other" in text and "band" not in text


def test_month_ends_are_drawn_at_their_own_months_tick() -> None:
    months = pd.date_range("2026-01-31", "2026-06-30", freq="ME")
    svg = draw(Exhibit("e", "t", "lines", pd.DataFrame({"month": months, "y": np.arange(6.0)})))
    words = re.findall(r">([^<>\n]+)</text>", svg)
    assert words[:6] == ["2026", "Feb", "Mar", "Apr", "May", "Jun"]


@pytest.mark.parametrize(
    ("ticks", "texts"),
    [([0.0, 0.25, 0.5], ["0.00", "0.25", "0.50"]), ([-1000.0, 0.0, 1000.0], ["−1,000", "0", "1,000"]), ([1.0], ["1"])],
)
def test_ticks_share_their_decimals(ticks: list[float], texts: list[str]) -> None:
    assert Tidy().format_ticks(ticks) == texts


def test_ticks_of_next_to_nothing_differ() -> None:
    assert Tidy().format_ticks([-2e-9, 0.0, 2e-9]) == ["−2.0e−09", "0", "2.0e−09"]


@pytest.mark.parametrize("form", ["lines", "bars", "beeswarm"])
@pytest.mark.parametrize("letters", [5, 60, 130])
def test_a_name_of_any_length_leaves_room_for_the_picture(form: str, letters: int) -> None:
    name = "Übergröße " * (letters // 10) + "x" * 5
    places = pd.DataFrame({"segment": [f"{name}{k}" for k in range(12)], name: 1.0, f"{name}2": range(12)})
    points = pd.DataFrame({"feature": [name] * 3, "value": [1.0, 2.0, 3.0], "contribution": [1.0, 2.0, 3.0]})
    text = draw(Exhibit("one", "One", form, points if form == "beeswarm" else places, "x", "y"))
    assert "bergröße" in text or letters < 10
    assert ("…" in text) == (letters > 44)


def test_long_names_that_begin_and_end_alike_are_told_apart() -> None:
    long = "Tagesgeld „Übergröße“ / Gewerbekunden und Kleinstunternehmer {} / in Nordrhein-Westfalen und Umgebung"
    data = pd.DataFrame({"segment": [long.format(k) for k in range(40)], "actual": 1.0})
    drawn = re.findall(r">(…\d+…)<", draw(Exhibit("one", "One", "bars", data)))
    assert drawn == [f"…{k}…" for k in range(40)]


def test_lines_are_told_apart_without_their_colours() -> None:
    """On a grey print the second, third and fourth colour are one; what happened is no line of a model."""
    data = pd.DataFrame({"x": np.arange(30.0)} | {name: np.arange(30.0) for name in "abcdefgh"})
    dashes = re.findall(r"stroke-dasharray: ([^;]+);", draw(Exhibit("one", "One", "lines", data)))
    assert len(set(dashes)) == 7  # the first is whole
    alone = data[["x", "a"]].rename(columns={"a": "predicted"})
    assert "stroke-dasharray" not in draw(Exhibit("one", "One", "lines", alone))


def test_a_picture_is_told_to_those_who_cannot_see_it() -> None:
    path = pd.DataFrame({"month": pd.date_range("2024-01-31", periods=24, freq="ME"), "left": np.linspace(100, 54, 24)})
    path.loc[3, "left"] = np.nan
    block = block_of(Exhibit("one", "Run-off", "lines", path, "month", "% of balance"))
    assert isinstance(block, Figure)
    assert "24 points. In % of balance. left: first 100 at 2024-01-31, last 54 at 2025-12-31" in block.alt
    bars = pd.DataFrame({"segment": ["checking", "savings"], "beta": [0.1, 0.4], "beta_lower": 0.0, "beta_upper": 1.0})
    few = block_of(Exhibit("two", "Betas", "bars", bars, "segment"))
    assert isinstance(few, Figure)
    assert few.alt == "Betas: beta by segment, 2 points. beta: 0.1000 at checking, 0.4000 at savings."


def test_an_empty_exhibit_says_so() -> None:
    block = block_of(Exhibit("e", "Nothing", "lines", pd.DataFrame({"x": [], "y": []}), "x", "y"))
    assert isinstance(block, Table)
    assert block.note == "No row to draw."
    listed = block_of(Exhibit("e", "Nothing", "table", pd.DataFrame(), note="What it would be."))
    assert isinstance(listed, Table)
    assert listed.note == "No row to show. What it would be."


def test_months_are_marked_whole() -> None:
    months = pd.DataFrame({"month": np.arange(1, 20), "actual": np.linspace(98.0, 72.0, 19)})
    picture = draw(Exhibit("cohort", "Run-off", "lines", months, "months since the first", "percent"))
    assert ">2.5<" not in picture and ">17.5<" not in picture and ">10<" in picture
    by_half = months.assign(month=0.5 + months["month"] / 8)
    halves = draw(Exhibit("spread", "By spread", "lines", by_half, "spread", "percent"))
    assert ">1.5<" in halves, "what is measured in halves keeps them"
