"""The panel of mortgages as a specification asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from behavior.features.prepayment import FEATURES
from behavior.kinds._panel_rules import columns_and_window
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.loans import LoanPanelRules, build_loan_panel
from behavior.panel.parts import loan_panels
from behavior.specs import ModelSpec


def rules_of(spec: ModelSpec) -> LoanPanelRules:
    """Panel rules from the specification's options and window."""
    options = spec.options
    return LoanPanelRules(
        market=str(options.get("market_rate", "mortgage")),
        lag_months=int(options.get("lag_months", 1)),
        in_the_money_above=float(options.get("in_the_money_above", 0.005)),
        **columns_and_window(spec, FEATURES),
    )


def build_panel(history: CustomerHistory, rates: RateHistory, spec: ModelSpec) -> Panel:
    """Loan-months at risk; see `behavior.panel.loans`."""
    return build_loan_panel(history, rates, rules_of(spec))


def panels(parts: Iterable[CustomerHistory], rates: RateHistory, spec: ModelSpec) -> Iterator[Panel]:
    """The same of a history in parts."""
    return loan_panels(parts, rates, rules_of(spec))
