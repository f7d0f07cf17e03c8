"""Deposit beta on real series: one phase, product, bank or country left out at a time (run with ``-m slow -s``)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from behavior.benchmark.beta_models import CHAMPION, LAST_CYCLE, SYMMETRIC
from behavior.benchmark.beta_run import BetaQuestion, beta_benchmark
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory
from behavior.specs import parse_spec

pytestmark = [pytest.mark.slow, pytest.mark.shared]
HERE = Path(__file__).parent
MODELS = HERE.parents[1] / "models"
CONTRACT = "product_rate_history/1"
PEERS = {
    "Savings deposits": "savings",
    "Savings": "savings",
    "Time deposits": "time_deposits",
    "Retail certificates of deposit": "time_deposits",
    "Checking deposits": "interest_bearing_demand",
    "Interest checking": "interest_bearing_demand",
    "Demand: interest-bearing": "interest_bearing_demand",
    "Interest-bearing demand deposits": "interest_bearing_demand",
    "Money market deposits": "money_market",
    "Money market": "money_market",
}
NATIONAL = {
    "ICNDR": "interest_checking",
    "SNDR": "savings",
    "MMNDR": "money_market",
    "NDR3MCD": "cd_3m",
    "NDR12MCD": "cd_12m",
    "NDR60MCD": "cd_60m",
}
EURO_ITEMS = {"B.L22.A.R.A.2250.EUR.N": "household_term", "B.L22.A.R.A.2240.EUR.N": "corporate_term"}


def spec_of(model, **replaced):
    text = (MODELS / model / "spec.toml").read_text()
    for old, new in replaced.values():
        assert old in text
        text = text.replace(old, new)
    return parse_spec(text, model)


def month_ends(months):
    return pd.to_datetime(pd.Series(months).astype(str)) + pd.offsets.MonthEnd(0)


def rates_of(dates, values, name="SHORT"):
    table = pd.DataFrame({"date": pd.Series(dates).array, "index": name, "value": pd.Series(values).array})
    return RateHistory.from_table(table.dropna(), {"short": name})


def history_of(rows):
    return CustomerHistory(CONTRACT, {"product_rates": rows})


def federal_funds(real_data, extended=False):
    table = pd.read_parquet(real_data / "rates_fred_monthly" / "fred_interest_rates.parquet")
    dates, values = month_ends(table["date"]), table["FEDFUNDS"] / 100
    if extended:
        later = pd.read_csv(HERE / "fed_funds_after_2023.csv", comment="#")
        dates, values = pd.concat([dates, month_ends(later["month"])]), pd.concat([values, later["rate"] / 100])
    return table, rates_of(dates, values, "FEDFUNDS")


def shown(name, found):
    with pd.option_context("display.width", 250, "display.max_columns", 30):
        by_fold = found.by_fold.pivot_table(index="fold", columns="model", values="path error, bp", sort=False)
        print(f"\n{name}\n{by_fold.round(1)}\n{found.summary.round(2)}\n{dict(found.failed)}")
    return found.summary.set_index("model")["champion minus this, bp"]


def test_swiss_savings_one_phase_out(real_data):
    table = pd.read_parquet(real_data / "deposit_rates_snb" / "snb_savings.parquet")
    months = month_ends(table["month"])
    rows = pd.DataFrame({"product": "savings", "month": months, "rate_paid": table["savings_rate_pct"] / 100})
    rates = rates_of(months, table["policy_or_mid"] / 100, "SNB_POLICY")
    found = beta_benchmark(history_of(rows), rates, spec_of("deposit_beta_snb"), BetaQuestion("phase", ("product",)))
    ahead = shown("Swiss savings, one phase left out", found)
    errors = found.by_fold.pivot_table(index="fold", columns="model", values="path error, bp")
    phases = len(errors)
    assert (errors[CHAMPION] < errors[LAST_CYCLE]).sum() > phases / 2
    assert (errors[CHAMPION] < errors[SYMMETRIC]).sum() > phases / 2
    assert ahead[LAST_CYCLE] < 0


def test_us_national_rates_one_product_out(real_data):
    table, rates = federal_funds(real_data)
    wide = table[list(NATIONAL)].assign(month=month_ends(table["date"]))
    rows = wide.melt("month", var_name="product", value_name="rate_paid").dropna()
    rows = rows.assign(product=rows["product"].map(NATIONAL), rate_paid=rows["rate_paid"] / 100)
    question = BetaQuestion("product", ("product",))
    ahead = shown(
        "FDIC national rates", beta_benchmark(history_of(rows), rates, spec_of("deposit_beta_us_banks"), question)
    )
    assert ahead[LAST_CYCLE] < 0


def test_us_banks_one_bank_out(real_data):
    folder = real_data / "banks_us_10q_deposit_rates"
    cathay = pd.read_parquet(folder / "cathay_2021_2025.parquet")
    cathay = cathay[~cathay["product"].isin(["total_interest_bearing", "noninterest_demand"])]
    peers = pd.read_parquet(folder / "peers_2024_2025.parquet")
    peers = peers[~peers["period"].isin(["2024H1", "2025H1"]) & peers["product"].isin(PEERS)]
    parts = [
        cathay.assign(institution="CATY", quarter=cathay["quarter"]),
        peers.assign(institution=peers["bank"], product=peers["product"].map(PEERS), quarter=peers["period"]),
    ]
    both = pd.concat(parts, ignore_index=True).dropna(subset=["avg_rate_pct"])
    ends = pd.PeriodIndex(both["quarter"], freq="Q").to_timestamp(how="end").normalize()
    rows = both[["institution", "product"]].assign(
        month=ends, rate_paid=both["avg_rate_pct"] / 100, period_months=3, averaging="average"
    )
    rows["balance"] = both["avg_balance_kusd"] * 1e3
    _, rates = federal_funds(real_data, extended=True)
    question = BetaQuestion("institution", ("product", "institution"))
    ahead = shown("US banks' 10-Q", beta_benchmark(history_of(rows), rates, spec_of("deposit_beta_us_banks"), question))
    assert ahead[LAST_CYCLE] < 0
    assert ahead["constant beta, least squares"] < 0


def test_euro_area_one_country_out(real_data):
    folder = real_data / "deposit_rates_ecb"
    table = pd.read_parquet(folder / "ecb_mir_bsi_country_monthly.parquet")
    table = table[table["item"].isin(EURO_ITEMS) & (table["area"] != "U2")]
    rows = pd.DataFrame(
        {
            "product": table["item"].map(EURO_ITEMS),
            "region": table["area"],
            "month": month_ends(table["period"]),
            "rate_paid": table["value"] / 100,
        }
    )
    refinancing = pd.read_parquet(folder / "ecb_mro_daily_1999.parquet")
    rates = rates_of(pd.to_datetime(refinancing["date"]), refinancing["mro"] / 100, "ECB_MRO")
    spec = spec_of(
        "deposit_beta_us_banks",
        index=('index = "FEDFUNDS"', 'index = "ECB_MRO"'),
        delay=("largest_delay = 3", "largest_delay = 1"),
        starts=("starts = 8", "starts = 3"),
    )
    question = BetaQuestion("region", ("product", "region"), floor=-1.0)
    ahead = shown("Euro-area term deposits", beta_benchmark(history_of(rows.dropna()), rates, spec, question))
    assert ahead[LAST_CYCLE] < 0
