"""Simulated banks and what the default specifications learn from them, made once a run."""

from __future__ import annotations

import importlib.util
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from behavior.panel.base import CustomerHistory
from behavior.simulator import SimulatedBank, simulate
from behavior.specs import parse_spec
from behavior.workflows import truth_measures as measures

SEED = 77


def load(path: Path) -> ModuleType:
    """A module beside the tests, which are no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


HERE = Path(__file__).resolve().parent
MODELS = HERE.parents[1] / "models"
other_laws = load(HERE.parent / "simulator" / "other_laws.py")


@cache
def bank_of(name: str) -> SimulatedBank:
    """A bank of `other_laws.BANKS`, or of its further laws of deposits."""
    settings, laws = (other_laws.BANKS | other_laws.DEPOSIT_BANKS)[name]
    return simulate(settings, seed=SEED, laws=laws)


def learn(bank: SimulatedBank, model: str, history: CustomerHistory) -> measures.Learnt:
    """Fit `models/<model>/spec.toml` as it stands, and export."""
    path = MODELS / model / "spec.toml"
    return measures.learn(bank, parse_spec(path.read_text(), path.name), history)


@cache
def learnt_of(name: str, model: str) -> measures.Learnt:
    """The default specification of a model on a bank."""
    bank = bank_of(name)
    history = bank.mortgages if model == "mortgage_prepayment" else bank.deposits
    if model == "deposit_beta":
        history = with_posting_noise(bank)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return learn(bank, model, history)


def with_posting_noise(bank: SimulatedBank, share: float = 0.005) -> CustomerHistory:
    """Deposit history whose posted rates deviate from the law, month by month and for all accounts of a segment.

    The deviation's size is `share` of the highest rate the segment paid: 2 bp where 4% was paid, 0.2 bp where 0.4% was.
    """
    rng = np.random.default_rng(bank.seed + 1)
    tables = dict(bank.deposits.tables)
    months = tables["account_months"].copy()
    segment, names = pd.factorize(bank.truth.account_life.truth["segment"])
    month, dates = pd.factorize(months["month"])
    size = share * months["rate_paid"].groupby(segment).max().to_numpy()
    noise = size * rng.standard_normal((len(dates), len(names)))
    months["rate_paid"] = np.maximum(months["rate_paid"] + noise[month, segment], 0.0)
    tables["account_months"] = months
    return CustomerHistory(bank.deposits.contract, tables, control_totals=bank.deposits.control_totals)


@pytest.fixture(params=sorted(other_laws.BANKS))
def bank_name(request: pytest.FixtureRequest) -> str:
    """Each bank in turn: the built-in laws and those that no model was written around."""
    return str(request.param)


@pytest.fixture(params=sorted(other_laws.BANKS | other_laws.DEPOSIT_BANKS))
def deposit_bank(request: pytest.FixtureRequest) -> str:
    """Each bank in turn, and each further law of deposits."""
    return str(request.param)


@pytest.fixture
def lab() -> ModuleType:
    """This module: banks, what was learnt from them, and the measures."""
    import sys

    return sys.modules[__name__]
