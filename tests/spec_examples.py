"""The smallest specification of a kind, to which a test adds what it is about."""

from __future__ import annotations

from behavior.specs import ModelSpec, parse_spec

PREPAYMENT = ("mortgage_prepayment", "mortgage_history/1")
BETA = ("deposit_beta", "product_rate_history/1")


def spec_text(kind: str, contract: str, family: str = "spline_hazard", more: str = "") -> str:
    """``spec.toml`` of a kind on a contract's history; `more` are further sections."""
    return f"""
[model]
kind = "{kind}"
version = 1
owner = "tests"
[history]
contract = "{contract}"
[estimator]
family = "{family}"
{more}
"""


def spec_of(kind: str, contract: str, family: str = "spline_hazard", more: str = "") -> ModelSpec:
    """The same, read."""
    return parse_spec(spec_text(kind, contract, family, more), "spec.toml")
