"""Does the default beta specification find target, speeds and delays when posted rates deviate from the law?"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_long_run_betas_and_half_lives(bank_name: str, lab, record_property) -> None:
    bank, learnt = lab.bank_of(bank_name), lab.learnt_of(bank_name, "deposit_beta")
    seen = bank.truth.paths.short[bank.truth.paths.first :]
    laws = lab.measures.laws_of(learnt.tables)
    found = lab.measures.beta_errors(bank, laws, float(seen.min()), float(seen.max()))
    error = found["beta learnt"] - found["beta true"]
    record_property("beta_error", error.round(4).to_dict())
    assert found.notna().all().all()
    assert (error.abs() <= 0.03).all(), found
    for way in ("up", "down"):
        true = found[f"half-life {way} true"]
        gap = (found[f"half-life {way} learnt"] - true).abs()
        assert ((gap <= 1.0) | (gap <= 0.15 * true)).all(), found


def test_terminal_betas_of_the_unseen_cycle(bank_name: str, lab, record_property) -> None:
    bank, learnt = lab.bank_of(bank_name), lab.learnt_of(bank_name, "deposit_beta")
    found = lab.measures.terminal_betas(bank, learnt)
    record_property("terminal_error", (found["learnt"] - found["true"]).round(4).to_dict())
    assert ((found["learnt"] - found["true"]).abs() <= 0.03).all(), found
    assert found["path error, bp"].max() <= 10.0, found
