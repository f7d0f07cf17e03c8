"""The option add-on: signs by side, nothing in the base case, and Basel's whole change beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.engine.option_values import OptionValues
from behavior.engine.positions import Book
from behavior.measures.option_add_on import option_add_on

SCENARIOS = ("base", "up", "down")
VALUE = np.array([[10.0, 4.0, 1.0], [30.0, 1.0, 2.0], [2.0, 9.0, 3.0]])
STRESSED = VALUE + np.array([[3.0, 1.0, 0.5], [2.0, 0.5, 1.0], [1.0, 2.0, 1.5]])


def book() -> Book:
    rows = {
        "position_id": ["loan", "sold", "bought", "owed"],
        "product": ["loans", "caps", "floors", "deposits"],
        "side": ["asset", "pay", "receive", "liability"],
        "currency": ["USD", "USD", "USD", "CHF"],
    }
    return Book(pd.DataFrame(rows))


def test_sold_options_lose_what_bought_ones_gain() -> None:
    found = option_add_on(book(), OptionValues(np.array([1, 2, 3]), VALUE, STRESSED), SCENARIOS)
    assert set(found.add_on) == {"USD", "CHF"}
    # Sold less bought of what the stress adds; nothing in the base case.
    assert found.add_on["USD"].tolist() == [0.0, 1.5, -1.0]
    assert found.add_on["CHF"].tolist() == [0.0, 1.0, 1.5]
    # KAO: change of sold less change of bought, from the base value to the stressed one.
    assert found.kao["USD"].tolist() == pytest.approx([0.0, 22.0 - (1.5 - 4.0), (3.0 - 10.0) - (11.0 - 4.0)])
    table = found.values.set_index(["scenario", "product"])["present_value"]
    assert table["up", "caps"] == -30.0
    assert table["up", "floors"] == 1.0
    assert table["base", "deposits"] == -1.0
    assert found.values["scenario"].drop_duplicates().tolist() == list(SCENARIOS)


def test_a_book_without_options_adds_nothing() -> None:
    nothing = np.zeros((3, 0))
    found = option_add_on(book(), OptionValues(np.zeros(0, dtype=np.int64), nothing, nothing), SCENARIOS)
    assert found.values.empty
    assert found.add_on == {} == found.kao
