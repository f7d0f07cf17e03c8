"""Model specifications: what a model is, never where things are; unknown keys are refused, all faults at once."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from behavior.digests import sha256_of
from behavior.toml_text import TomlText


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Identity(_Strict):
    """Which model this is; `version` is raised with every change of meaning."""

    kind: str
    version: int = Field(ge=1)
    owner: str
    name: str = ""
    purpose: str = ""


class Window(_Strict):
    """First and last month of history used (month ends), both inclusive; empty = all there is."""

    from_month: dt.date | None = Field(default=None, alias="from")
    to_month: dt.date | None = Field(default=None, alias="to")


class HistorySpec(_Strict):
    """The contract the history must keep and the window used."""

    contract: str
    window: Window = Window()


class BandSpec(_Strict):
    """Rising edges of a band derived from a numeric column."""

    column: str
    edges: tuple[float, ...]


class SegmentsSpec(_Strict):
    """Segment columns, bands, the declared fallback and the exposure below which it is used."""

    by: tuple[str, ...] = ()
    bands: dict[str, BandSpec] = {}
    fallback: Literal["pooled"] = "pooled"
    minimum_exposure_months: float = 0.0


class FeaturesSpec(_Strict):
    """Names of the kind's features to use."""

    use: tuple[str, ...] = ()


class SplitSpec(_Strict):
    """Out-of-time start and held-out share of customers; both apply together, a share of 0 splits by time alone."""

    test_from: dt.date | None = None
    test_share_of_months: float = Field(default=0.25, gt=0, lt=1)
    customer_share: float = Field(default=0.25, ge=0, lt=1)
    gap_months: int = Field(default=0, ge=0)
    validate_share_of_months: float = Field(default=0.2, gt=0, lt=1)
    seed: int = 20260930


class EstimatorSpec(_Strict):
    """Estimator family and its fixed parameters."""

    family: str
    fixed: dict[str, float | int | str | bool] = {}


class Range(_Strict):
    """One dimension of a search space."""

    low: float
    high: float
    log: bool = False
    integer: bool = False


class SearchSpec(_Strict):
    """Seeded, serial search over a declared space; 0 trials = fixed parameters only."""

    trials: int = Field(default=0, ge=0)
    seed: int = 20260930
    metric: Literal["log_loss"] = "log_loss"
    space: dict[str, Range] = {}


class Gate(_Strict):
    """Bounds on a finding's value; outside them registration goes without the champion alias.

    A check that does not apply (no ledger was given, no curve has a driver) leaves its gate open, which reports say;
    `required` makes it fail there too. A figure that should be there and is not fails either way.
    """

    min: float | None = None
    max: float | None = None
    required: bool = False


class ExportSpec(_Strict):
    """Grid of the exported curves; `options` are the kind's own.

    `refit`: what is exported is learned again from every month and customer, once the checks have judged the model that
    had not seen the last months.
    """

    months: int = Field(default=360, ge=1, le=480)
    refit: bool = False
    options: dict[str, Any] = {}


class ModelSpec(_Strict):
    """A whole ``spec.toml``. `options` holds the kind's own settings, which the kind checks; `digest` is its own."""

    model: Identity
    history: HistorySpec
    segments: SegmentsSpec = SegmentsSpec()
    features: FeaturesSpec = FeaturesSpec()
    split: SplitSpec = SplitSpec()
    estimator: EstimatorSpec
    search: SearchSpec = SearchSpec()
    gates: dict[str, Gate] = {}
    export: ExportSpec = ExportSpec()
    options: dict[str, Any] = {}
    digest: str = Field(default="", exclude=True)


def parse_spec(text: str, where: str) -> ModelSpec:
    """Parse a ``spec.toml``; the digest is the sha256 of its bytes.

    Raises
    ------
    SpecFault : naming every fault with its line and path.
    """
    spec = TomlText.read(text, where).words(ModelSpec)
    return spec.model_copy(update={"digest": sha256_of(text)})
