"""Do decay's 90% bands hold what is true, over twenty banks of five laws?"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from behavior.simulator import simulate
from behavior.specs import parse_spec

pytestmark = pytest.mark.slow

ACCOUNTS, BANKS, FIRST_SEED = 4_000, 20, 100
LEAST, MOST = 0.85, 0.95  # the bar; 88.6% was found


def test_bands_hold_the_true_survival(lab, record_property) -> None:
    """Survival at 12, 36 and 60 months by segment: 360 cells.

    What was counted twice was found on some of these very banks; no factor is fitted to them.
    The smooth hazard stands for the whole search, which picks it on banks of this size and costs four times as much.
    On banks of 20,000 accounts bands are half as wide, and what a form misses is not inside them.
    """
    path = lab.MODELS / "nmd_decay" / "spec.toml"
    spec = parse_spec(path.read_text(), path.name)
    spec = spec.model_copy(update={"estimator": spec.estimator.model_copy(update={"family": "spline_hazard"})})
    laws = [*lab.other_laws.BANKS, *lab.other_laws.DEPOSIT_BANKS]
    inside: list[np.ndarray] = []
    for seed in range(FIRST_SEED, FIRST_SEED + BANKS):
        settings, law = (lab.other_laws.BANKS | lab.other_laws.DEPOSIT_BANKS)[laws[seed % len(laws)]]
        small = replace(settings, loans=60, accounts=ACCOUNTS, minimum_balance_paths=2)
        bank = simulate(small, seed=seed, laws=law)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            learnt = lab.measures.learn(bank, spec, bank.deposits)
        inside.append(lab.measures.held_by_bands(lab.measures.survival_bands(bank, learnt)).to_numpy())
    covered = float(np.mean(inside))
    record_property("coverage", round(covered, 3))
    assert np.size(inside) >= 200
    assert LEAST <= covered <= MOST, covered
