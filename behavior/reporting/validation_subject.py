"""What a validation report says of the model itself: what it is, what it learned from, how the history was parted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from behavior.assumptions.effects import Effect
from behavior.features.base import Feature, column_feature
from behavior.reporting.document import Block, Blocks, Paragraph, Table
from behavior.reporting.fit_tables import fit_tables
from behavior.validation.base import CheckInput
from behavior.validation.evidence import tested_on

PARTS = {
    "train": "training",
    "validate": "tuning",
    "test": "test",
    "out_of_time": "later months, all customers",
    "unseen_customers": "training months, unseen customers",
}


def identity(given: CheckInput) -> Blocks:
    """What the model is, and which direction economics expects of its features."""
    kind, spec = given.kind, given.fitted.spec
    rows = {
        "kind": f"{kind.name}: {kind.summary}",
        "effect on a position": kind.effect.value,
        "driver axes of the exported curves": ", ".join(driver.value for driver in kind.drivers) or "none",
        "months counted": kind.month_meaning.value if kind.month_meaning else "none",
        "estimator": spec.estimator.family,
        "segments": ", ".join(spec.segments.by) or "none",
        "exposure": _exposure(given),
        "fallback": f"{spec.segments.fallback} below {spec.segments.minimum_exposure_months:,.0f} months of exposure",
        "features": ", ".join(spec.features.use) or ", ".join(feature.name for feature in kind.features) or "none",
    }
    table = pd.DataFrame({"what": list(rows), "this model": list(rows.values())})
    signs = [
        {"feature": one.name, "unit": one.unit, "expected effect": _SIGNS[one.expected_sign], "meaning": one.meaning}
        for one in _features(given)
    ]
    blocks: list[Block] = [Table("What it is", table)]
    if signs:
        blocks.append(Table("Features and the direction that economics expects of them", pd.DataFrame(signs)))
    return tuple(blocks)


def _features(given: CheckInput) -> list[Feature]:
    """Those of the kind that the specification uses, then the history's own columns that it names."""
    own, used = given.kind.features, given.fitted.spec.features.use
    known = {one.name for one in own}
    further = [name for name in used if name not in known and name in given.panel.table]
    return [
        *(one for one in own if not used or one.name in used),
        *(column_feature(given.panel, name) for name in further),
    ]


def _exposure(given: CheckInput) -> str:
    """How much of the bank the model speaks of today: materiality is exposure and purpose.

    Balances of those at risk are of the month's start; a rate is paid on what is held at its end.
    """
    table = given.panel.table
    last = table[table["month"] == table["month"].max()]
    total, moment = float(last["weight"].sum()), "end" if given.kind.effect is Effect.REPRICING else "start"
    month, units = last["month"].iloc[0], f"{last['unit'].nunique():,} units"
    if (last["weight"] == 1.0).all():
        return f"{units} in {month:%Y-%m}, without balances"
    words = f"{total:,.0f} of balance at the {moment} of {month:%Y-%m} in {units}"
    by = [name for name in given.fitted.spec.segments.by if name in last]
    if not by or not total:
        return words
    held = last.groupby(by, observed=True)["weight"].sum().sort_values(ascending=False)
    name = held.index[0]
    label = " / ".join(str(part) for part in (name if isinstance(name, tuple) else (name,)))
    return f"{words}; {len(held)} segments, the largest {label} with {held.iloc[0] / total:.0%}"


_SIGNS = {1: "raises (constrained)", -1: "lowers (constrained)", 0: "free"}


def data_read(given: CheckInput, facts: Mapping[str, Any]) -> Blocks:
    """What the model learned from: rows, files, what was left out, and what the fit says of itself."""
    table, history = given.panel.table, given.history
    first, last = table["month"].min(), table["month"].max()
    words = (
        f"{len(table):,} rows at risk of {table['unit'].nunique():,} units and {table['customer'].nunique():,} "
        f"customers from {first:%Y-%m} to {last:%Y-%m}, under the contract {history.contract}."
    )
    blocks: list[Block] = [Paragraph(words)]
    if history.sources:
        rows = [{"file": one.name, "rows": one.rows, "sha256": one.digest} for one in history.sources]
        blocks.append(Table("Files read", pd.DataFrame(rows)))
    if given.panel.dropped:
        rows = [{"what and why": reason, "rows or units": count} for reason, count in given.panel.dropped.items()]
        blocks.append(Table("Left out, estimated or read otherwise", pd.DataFrame(rows)))
    blocks += [Paragraph(note, "note") for note in history.notes]
    fit = facts.get("fit") or given.fitted.facts
    if fit:
        blocks += fit_tables(fit)
    return tuple(blocks)


def split_table(given: CheckInput) -> Table:
    """The parts of the history: training, tuning, test, later months, unseen customers."""
    outcome = given.predictions.table
    aligned = len(outcome) == len(given.panel.table)
    rows = []
    for part, words in PARTS.items():
        mask = getattr(given.split, part)
        chosen = given.panel.table[mask]
        if chosen.empty:
            continue
        if part == "test":
            words = f"test: {tested_on(given)}"
        row = {"part": words, "rows": len(chosen), "units": chosen["unit"].nunique()}
        row |= {"customers": chosen["customer"].nunique(), "first month": chosen["month"].min()}
        row["last month"] = chosen["month"].max()
        if aligned and given.predictions.binary:
            row["events"] = float(outcome.loc[mask, "actual"].sum())
        rows.append(row)
    shared = (
        "neither a customer nor a month" if given.split.unseen_customers.any() else "no month; no customer is held out"
    )
    note = f"Seed {given.seed}. Training and test share {shared}."
    return Table("Parts of the history", pd.DataFrame(rows), note)
