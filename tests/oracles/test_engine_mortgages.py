"""Published mortgages to the cent, from rows of book/1 through the engine."""

from __future__ import annotations

import csv
import datetime as dt
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.engine.drivers import World
from behavior.engine.layout import CAPITALISED, CLOSING, INTEREST, SCHEDULED
from behavior.engine.positions import Book
from behavior.engine.projection import project
from behavior.market.curves import CurveSet
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios
from behavior.months import roll_months

pytestmark = pytest.mark.shared
START = dt.date(2025, 1, 1)
MONTHS = {"annual": 12, "semi_annual": 6, "quarterly": 3, "monthly": 1}
ROUNDING = {"ROUND_HALF_UP": "half_up", "ROUND_HALF_EVEN": "half_even", "ROUND_UP": "up"}
CENT = Decimal("0.01")


def known(folder: Path) -> dict[str, tuple[dict[str, Any], list[dict[str, str]]]]:
    """Each loan's terms and the rows that its source publishes."""
    found = {}
    for path in sorted(folder.glob("*.toml")):
        rows = list(csv.DictReader(path.with_suffix(".csv").read_text().splitlines()))
        found[path.stem] = (tomllib.loads(path.read_text()), rows)
    return found


def carries(loan: dict[str, Any]) -> bool:
    """Whether the source rounds what it prints and not what it carries on."""
    return loan.get("balance_tracking") == "carry_precision" or loan["day_count"] == "actual/360"


def row_of(loan: dict[str, Any]) -> dict[str, Any]:
    """A loan of the corpus as a row of book/1."""
    start = dt.date.fromisoformat(loan["start_date"]) if "start_date" in loan else START
    exact = carries(loan)
    row = {
        "position_id": "loan",
        "product": "loan",
        "side": "asset",
        "currency": "USD",
        "balance": float(loan["principal"]),
        "rate_type": "fixed",
        "rate": float(loan["annual_rate"]) / 100,
        "repayment": "annuity",
        "origination_date": pd.Timestamp(start),
        "maturity_date": pd.Timestamp(roll_months(start, int(loan["term_months"])).item()),
        "payment_months": MONTHS[loan.get("payment_frequency", "monthly")],
        "day_count": {"30/360": "30/360", "actual/360": "ACT/360"}[loan["day_count"]],
        "compounding_months": MONTHS[loan["compounding"]] if "compounding" in loan else 0,
        "amortization_months": loan.get("amortization_period_months", np.nan),
        "rounding": 0.01,
        "payment_rounding": "none" if exact else ROUNDING[loan["payment_rounding"]],
        "interest_rounding": "none" if exact else ROUNDING[loan["interest_rounding"]],
        "agreed_payment": float(loan["payment_override"]) if "payment_override" in loan else np.nan,
    }
    changes = loan.get("rate_schedule", [])
    if changes:
        step = int(changes[0]["effective_payment_number"]) - 1
        cap = float(changes[0].get("payment_cap_factor", "inf")) - 1
        row |= {"rate_type": "floating", "index": "RATE", "spread": 0.0, "reset_months": step}
        row |= {"next_reset_date": pd.Timestamp(roll_months(start, step).item()), "payment_cap": cap}
    return row


def path_of(loan: dict[str, Any]) -> tuple[float, ...]:
    """The rate by month where it is scheduled; the month after a payment is the first of the next rate."""
    rates = [float(loan["annual_rate"]) / 100] * int(loan["term_months"])
    for change in loan.get("rate_schedule", []):
        first = int(change["effective_payment_number"]) - 1
        rates[first:] = [float(change["new_annual_rate"]) / 100] * (len(rates) - first)
    return tuple(rates)


def cents(amount: float) -> Decimal:
    """An amount in cents, as a source prints it."""
    return Decimal(repr(round(float(amount) + 1e-9, 2))).quantize(CENT)


def flows_of(loan: dict[str, Any]) -> np.ndarray:  # type: ignore[type-arg]
    """Months of flows as the engine has them."""
    row = row_of(loan)
    start = row["origination_date"].date()
    curves = [
        {"as_of": start, "currency": "USD", "index": name, "months": m, "zero_rate": 0.03}
        for name in ("discount", "RATE")
        for m in (0, 480)
    ]
    scenarios = ScenarioSet((Scenario("base"), Scenario("published", {}, {"RATE": path_of(loan)})))
    world = World(apply_scenarios(CurveSet.from_table(pd.DataFrame(curves)), scenarios))
    return np.asarray(project(Book(pd.DataFrame([row])), world, None).flows[1, 0])


def test_every_published_figure_is_reproduced_to_the_cent(vectors: Path) -> None:
    loans = known(vectors / "mortgagemath")
    assert len(loans) == 36
    wrong: list[str] = []
    checked = 0
    for name, (terms, rows) in loans.items():
        flows = flows_of(terms["loan"])
        step = row_of(terms["loan"])["payment_months"]
        paid = flows[:, INTEREST] + flows[:, SCHEDULED] - flows[:, CAPITALISED]
        cells: list[tuple[str, float, str]] = []
        for row in rows:
            k = int(row["payment"]) * step
            # Printed principal is the printed payment less the printed interest.
            principal = flows[k, SCHEDULED] - flows[k, CAPITALISED]
            if carries(terms["loan"]):
                principal = float(cents(paid[k]) - cents(flows[k, INTEREST]))
            cells += [
                (f"payment {row['payment']}", paid[k], row["payment_amount"]),
                (f"principal {row['payment']}", principal, row["principal"]),
                (f"interest {row['payment']}", flows[k, INTEREST], row["interest"]),
                (f"balance {row['payment']}", flows[k, CLOSING], row["balance"]),
            ]
        expected = terms["expected"]
        level = expected.get("periodic_payment", expected.get("monthly_payment"))
        cells.append(("first payment", paid[step], level))
        if "balloon_at_term" in expected:
            last = int(terms["loan"]["term_months"])
            # What the last payment clears beyond the level payment is the balloon.
            cells.append(("balloon", paid[last] - paid[step], expected["balloon_at_term"]))
        checked += len(cells)
        wrong += [f"{name} {what}: {found:.6f}, {said}" for what, found, said in cells if cents(found) != Decimal(said)]
    assert checked > 700
    assert not wrong, f"{len(wrong)} of {checked}: {wrong[:20]}"
