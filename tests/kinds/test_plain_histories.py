"""The default specifications on histories that have what their contract requires and little more."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.kinds._decay_pace import usual_by_segment
from behavior.kinds.base import ExportContext, FittedModel, all_kinds
from behavior.panel import contracts
from behavior.panel.base import CustomerHistory
from behavior.panel.split import split_panel
from behavior.simulator import simulate
from behavior.simulator.settings import SimulatorSettings
from behavior.specs import parse_spec

MODELS = Path(__file__).resolve().parents[2] / "models"
PLAIN = {
    "mortgage_prepayment": {"loans": contracts.LOANS, "loan_months": contracts.LOAN_MONTHS},
    "nmd_decay": {"accounts": contracts.ACCOUNTS, "account_months": contracts.ACCOUNT_MONTHS},
}


@cache
def bank():
    return simulate(SimulatorSettings(loans=1_200, accounts=1_200, minimum_balance_paths=1), seed=12)


def tables_of(name: str) -> dict[str, pd.DataFrame]:
    history = bank().mortgages if name == "mortgage_prepayment" else bank().deposits
    return dict(history.tables)


def exported(name: str, tables: dict[str, pd.DataFrame]) -> tuple[FittedModel, tuple]:
    """A model of the default specification and its curves."""
    text = (MODELS / name / "spec.toml").read_text().replace("trials = 4", "trials = 1")
    spec, kind = parse_spec(text, "spec.toml"), all_kinds()[name]
    panel = kind.build_panel(CustomerHistory(spec.history.contract, tables), bank().rate_history, spec)
    fitted = kind.fit(panel, split_panel(panel, spec.split), spec)
    context = ExportContext(pd.Timestamp(bank().simulator.as_of), panel, bank().rate_history, bank().book)
    return fitted, kind.export(fitted, context)


def curves_are_sound(tables: tuple) -> None:
    for table in tables:
        assert np.mean(table.season) == pytest.approx(1.0, abs=1e-5)
        for curve in table.curves:
            assert np.isfinite(curve.values).all() and (curve.values >= 0).all() and (curve.values <= 1).all()


def test_ten_years_of_rates_by_product_become_a_law_a_product() -> None:
    history = bank().rate_history
    months = pd.date_range(end=bank().simulator.as_of, periods=120, freq="ME")
    short = history.monthly("short", months.to_numpy().astype("datetime64[D]"))
    series = [
        pd.DataFrame({"product": product, "month": months, "rate_paid": np.round(0.001 + beta * short, 6)})
        for product, beta in (("savings", 0.4), ("money_market", 0.7))
    ]
    text = (MODELS / "deposit_beta_products" / "spec.toml").read_text().replace("replicates = 200", "replicates = 10")
    spec, kind = parse_spec(text, "spec.toml"), all_kinds()["deposit_beta"]
    panel = kind.build_panel(
        CustomerHistory(spec.history.contract, {"product_rates": pd.concat(series)}), history, spec
    )
    fitted = kind.fit(panel, split_panel(panel, spec.split), spec)
    target = kind.export(fitted, ExportContext(pd.Timestamp(bank().simulator.as_of), panel, history, bank().book))[0]
    found = {curve.segment[0]: float(curve.values.mean()) for curve in target.curves}
    assert found["savings"] == pytest.approx(0.4, abs=0.03)
    assert found["money_market"] == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_history_of_required_columns_alone_becomes_curves(name: str) -> None:
    required = {
        part: [column.name for column in contract.columns if column.required] for part, contract in PLAIN[name].items()
    }
    fitted, tables = exported(name, {part: table[required[part]] for part, table in tables_of(name).items()})
    curves_are_sound(tables)
    absent = {"mortgage_prepayment": "product", "nmd_decay": "customer_type"}
    assert fitted.facts["segment columns that the history does not have, pooled"] == absent[name]
    unread = {"mortgage_prepayment": "current_ltv, ", "nmd_decay": "spread, "}
    assert fitted.facts["absent features in words"].startswith(unread[name])


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_deposits_that_nobody_closed_or_moved_become_curves() -> None:
    tables = tables_of("nmd_decay")
    stayed = tables["accounts"]["close_date"].isna()
    accounts = tables["accounts"][stayed].drop(columns="successor_id")
    months = tables["account_months"]
    fitted, found = exported(
        "nmd_decay",
        {"accounts": accounts, "account_months": months[months["account_id"].isin(accounts["account_id"])]},
    )
    curves_are_sound(found)
    assert "too few for a model" in fitted.facts["closures in words"]


def test_what_is_usual_is_known_from_the_months_learned_from() -> None:
    """A rate of a month that is kept for judging may not move what a training row is told."""
    text = (MODELS / "nmd_decay" / "spec.toml").read_text()
    spec, kind = parse_spec(text, "spec.toml"), all_kinds()["nmd_decay"]
    panel = kind.build_panel(bank().deposits, bank().rate_history, spec)
    split = split_panel(panel, spec.split)
    learning = split.train | split.validate
    usual = kind.fit(panel, split, spec).estimators["inputs"].extra["usual_spreads"]
    spread = panel.table["spread"].to_numpy()
    assert usual[-1] == pytest.approx(np.nanmean(spread[learning]))
    moved = panel.table.assign(spread=np.where(learning, spread, spread + 0.05))
    codes = np.zeros(len(moved), dtype=np.int64)
    assert usual_by_segment(moved["spread"].to_numpy()[learning], codes[learning], 1)[-1] == pytest.approx(usual[-1])


def test_segments_that_the_features_do_not_name_have_curves_of_their_own_level() -> None:
    """What divides segments is read by the model, named among its features or not."""
    text = (MODELS / "mortgage_prepayment" / "spec.toml").read_text().replace("trials = 4", "trials = 1")
    spec = parse_spec(text.replace('"region", "product",', '"region",'), "spec.toml")
    assert "product" not in spec.features.use and spec.segments.by == ("product",)
    kind = all_kinds()["mortgage_prepayment"]
    panel = kind.build_panel(bank().mortgages, bank().rate_history, spec)
    fitted = kind.fit(panel, split_panel(panel, spec.split), spec)
    assert "product" in fitted.estimators["inputs"].names


def test_a_history_without_products_is_divided_by_its_rates_and_read_back_so() -> None:
    tables = tables_of("mortgage_prepayment")
    fitted, made = exported("mortgage_prepayment", {**tables, "loans": tables["loans"].drop(columns="product")})
    curves_are_sound(made)
    assert made[0].scheme.columns == ("side", "rate_type", "fixation_months")
    segments = [curve.segment for curve in made[0].curves]
    assert segments == [("asset", "fixed", "pooled"), ("asset", "floating", "pooled"), ("asset", "pooled", "pooled")]
    assert "rate_type and fixation_months divide it" in fitted.facts["segments in words"]
    text = (MODELS / "mortgage_prepayment" / "spec.toml").read_text()
    back = all_kinds()["mortgage_prepayment"].load(parse_spec(text, "spec.toml"), fitted.files())
    assert back.spec.segments.by == fitted.spec.segments.by == ("rate_type", "fixation_months")
