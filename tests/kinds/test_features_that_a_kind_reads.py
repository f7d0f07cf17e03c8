"""A specification without a feature that its kind cannot do without is a fault that names it."""

from __future__ import annotations

import pytest

from behavior.errors import SpecFault
from behavior.kinds.base import ExportContext, ModelKind
from behavior.kinds.mortgage_prepayment import KIND as PREPAYMENT
from behavior.kinds.nmd_decay import KIND as DECAY
from behavior.panel.split import split_panel
from behavior.simulator import simulate
from behavior.simulator.settings import small_settings
from tests.spec_examples import spec_of


@pytest.mark.parametrize("kind", [PREPAYMENT, DECAY], ids=lambda kind: kind.name)
def test_a_specification_without_age_names_it(kind: ModelKind) -> None:
    bank = simulate(small_settings(), seed=5)
    history = bank.mortgages if kind is PREPAYMENT else bank.deposits
    use = f"[features]\nuse = ['{kind.features[0].name}']"
    spec = spec_of(kind.name, history.contract, "spline_hazard", use)
    panel = kind.build_panel(history, bank.rate_history, spec)
    with pytest.raises(SpecFault, match=r"features\.use`: expected `age_months` among the features"):
        fitted = kind.fit(panel, split_panel(panel, spec.split), spec)
        kind.export(fitted, ExportContext(panel.table["month"].max(), panel, bank.rate_history))
