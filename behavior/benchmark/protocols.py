"""What a benchmark asks, as data: who is left out, which months are judged, which bars the answer is held to."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Words(BaseModel):
    """Strict words: an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Protocol(Words):
    """Who is left out of learning and judged.

    Parameters
    ----------
    name : in words, printed with every table.
    starts : first months of test windows (expanding windows: learning ends `gap_months` before each); empty = every
        month is on both sides and customers alone are held out.
    window_months : length of a test window. customer_folds : customers are cut into that many, each judged by what the
        others taught; 1 = nobody is held out. folds_judged : how many of them; 0 = all.
    least_events : events that a window's learning rows (training and validation) must hold: a window in which nothing
        can be set aside to judge forms by is still a window that the bank would have had to answer in.
    landmarks : months (decay) at which the accounts open are followed forward; horizon_months : for how long.
    leave_out : `phase` (a move of the short rate, or for hazards of the market rate, and the plateau after it), or for
        beta the segment column whose labels are left out one at a time; `by` : (beta) segment columns of that
        comparison, default the specification's.
    resample : what intervals draw again: customers and six-month blocks, or customers alone where age and calendar time
        are the same thing (one cohort).
    driver_edges : edges of the driver's buckets, decimals a year. age_edges : of age, months.
    """

    name: str = ""
    starts: tuple[dt.date, ...] = ()
    window_months: int = Field(default=12, ge=1)
    gap_months: int = Field(default=0, ge=0)
    customer_folds: int = Field(default=5, ge=1)
    folds_judged: int = Field(default=0, ge=0)
    least_events: int = Field(default=20, ge=1)
    landmarks: tuple[dt.date, ...] = ()
    horizon_months: int = Field(default=24, ge=1)
    leave_out: str = ""
    by: tuple[str, ...] = ()
    resample: Literal["customers and months", "customers"] = "customers and months"
    driver_edges: tuple[float, ...] = (-0.01, -0.005, 0.0, 0.005, 0.01, 0.015, 0.02)
    age_edges: tuple[float, ...] = (12.0, 24.0, 36.0, 60.0, 120.0)
    seed: int = 20260930

    @property
    def judged(self) -> int:
        """Folds of customers that are judged."""
        return min(self.folds_judged or self.customer_folds, self.customer_folds)

    def shortened(self) -> Protocol:
        """The same question asked of fewer windows, landmarks and folds: a look, not evidence."""
        return self.model_copy(
            update={
                "starts": self.starts[-1:],
                "landmarks": self.landmarks[-1:],
                "customer_folds": min(self.customer_folds, 3),
                "folds_judged": 1,
            }
        )


class Bar(Words):
    """What an answer is held to; exactly one test.

    Parameters
    ----------
    score : of ours, by name. cause : of exit; empty = the first.
    weighting : `count` or `balance`. slice : bucket column; empty = the whole.
    below : models whose score ours must be below (below_any : one of them). not_behind : models that ours may not be
        told apart from as worse: the interval of the difference reaches 0. most_folds_below : models that ours is below
        in most of the folds left out.
    between : the score lies there. meets : every bucket's interval meets it. joint : 1 lies in every bucket's interval
        of a joint region at this level. at_most : the score's absolute value.
    """

    words: str
    score: str
    cause: str = ""
    weighting: Literal["count", "balance"] = "count"
    slice: str = ""
    below: tuple[str, ...] = ()
    below_any: tuple[str, ...] = ()
    not_behind: tuple[str, ...] = ()
    most_folds_below: tuple[str, ...] = ()
    between: tuple[float, float] | None = None
    meets: tuple[float, float] | None = None
    joint: float | None = None
    at_most: float | None = None

    @property
    def rivals(self) -> tuple[str, ...]:
        """Models that ours is compared with; none where it is held to a bound."""
        return self.below or self.below_any or self.not_behind or self.most_folds_below

    @model_validator(mode="after")
    def _one_test(self) -> Bar:
        words = (self.below, self.below_any, self.not_behind, self.most_folds_below)
        tests = (*words, self.between, self.meets, self.joint, self.at_most)
        if sum(test is not None and test != () for test in tests) != 1:
            raise ValueError(
                "expected one of below, below_any, not_behind, most_folds_below, between, meets, joint, at_most"
            )
        return self


class Incumbent(Words):
    """What the bank uses today, always one of the rows; where nothing is given, the stand-in of the kind.

    The stand-in is the PSA curve at the speed fitted (payoffs of mortgages), one constant hazard (other exits), last
    year's rate of each segment (decay after landmarks) or last cycle's beta (rates paid).

    Parameters
    ----------
    name : in words. cpr : constant share a year. psa : speed, 1.5 = 150% PSA. beta : constant pass-through.
    average_life_years : of deposits, decayed exponentially. file : vendor table (CSV), relative to the profile: columns
        of drivers and ages, then `cpr`, `monthly_hazard` or `beta`.
    """

    name: str = ""
    cpr: float | None = Field(default=None, ge=0.0, lt=1.0)
    psa: float | None = Field(default=None, gt=0.0, le=20.0)
    beta: float | None = None
    average_life_years: float | None = Field(default=None, gt=0.0)
    file: str = ""

    @model_validator(mode="after")
    def _one(self) -> Incumbent:
        if (
            sum(one not in (None, "") for one in (self.cpr, self.psa, self.beta, self.average_life_years, self.file))
            > 1
        ):
            raise ValueError("expected one of cpr, psa, beta, average_life_years, file")
        return self

    @property
    def given(self) -> bool:
        """Whether the bank says what it uses; otherwise the stand-in of the kind is marked as the incumbent."""
        numbers = (self.cpr, self.psa, self.beta, self.average_life_years)
        return bool(self.file) or any(one is not None for one in numbers)

    @property
    def words(self) -> str:
        """What the bank uses: the name it gives, else what it is; empty where it says nothing."""
        if not self.given:
            return ""
        said = {
            "vendor table {}": self.file.rpartition("/")[2] or None,
            "{:.4g}% PSA": None if self.psa is None else 100 * self.psa,
            "CPR of {:.4g}%": None if self.cpr is None else 100 * self.cpr,
            "{:.4g} years of average life": self.average_life_years,
            "one beta of {:.4g}": self.beta,
        }
        return self.name or next(words.format(one) for words, one in said.items() if one is not None)


class Question(Words):
    """One benchmark of a profile: a model folder's specification on one history under one protocol.

    Parameters
    ----------
    title : of the data in the tables. model : model folder. history : section of the profile.
    says : what these data can and cannot say, printed beside the figures.
    """

    title: str
    model: str
    history: str
    protocol: Protocol = Protocol()
    incumbent: Incumbent = Incumbent()
    bars: tuple[Bar, ...] = ()
    says: str = ""
