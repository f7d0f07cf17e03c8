"""What a model is trained on, and checked on again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory
from behavior.specs import ModelSpec

SPEC_FILE = "spec.toml"
CARD_FILE = "card.md"


@dataclass(frozen=True)
class TrainingRequest:
    """What to train on.

    Parameters
    ----------
    name : registered model name (the model folder's). spec_text : the specification as written, registered with it.
    as_of : valuation month end. book : ``book/1`` rows for averaging covariates, or None.
    developer : who trains; a validator must be someone else.
    transferred : words printed wherever the curves are used when they come from another bank, currency or decade.
    grown_on : where boosted trees are grown, in words that the record keeps. experiment : that the run is kept under.
    card : the model folder's ``card.md``; empty where it has none.
    beside : digests of what else is read, by name (``rates``, ``book``), sha256.
    """

    name: str
    spec: ModelSpec
    spec_text: str
    history: CustomerHistory
    rates: RateHistory
    as_of: pd.Timestamp
    book: pd.DataFrame | None = None
    developer: str = ""
    transferred: str = ""
    grown_on: str = "this process"
    experiment: str = "behavior"
    card: str = ""
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def read_with(self) -> dict[str, str]:
        """Tags of what a version was made with beside its history: without them nobody else can make it again."""
        return {"as_of": str(self.as_of.date()), **{f"{name}_digest": one for name, one in self.beside.items()}}
