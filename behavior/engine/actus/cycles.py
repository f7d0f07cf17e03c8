"""Cycles such as ``P3ML1``, the dates they make, and business-day conventions.

A moment is ``datetime64[s]``: ACTUS gives times of day, and 23:59:59 counts as the whole day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from behavior.errors import Fault, SpecFault
from behavior.months import add_months, roll_months

Moment = np.datetime64
ONE_SECOND = np.timedelta64(1, "s")
ONE_DAY = np.timedelta64(1, "D")
PATTERN = re.compile(r"^P(\d+)([DWMQHY])(?:L([01]))?$")
MONTHS_OF_UNIT: Mapping[str, int] = MappingProxyType({"M": 1, "Q": 3, "H": 6, "Y": 12})
DAYS_OF_UNIT: Mapping[str, int] = MappingProxyType({"D": 1, "W": 7})
# How far an open-ended schedule may reach, steps: a guard against a cycle that never meets its end.
LONGEST = 20_000


@dataclass(frozen=True)
class Cycle:
    """A period and what happens to an odd last one.

    Parameters
    ----------
    count, unit : number of days (D), weeks (W), months (M), quarters (Q), half-years (H) or years (Y).
    long_stub : the odd last period is joined to the one before it (``L0``) rather than kept short (``L1``).
    """

    count: int
    unit: str
    long_stub: bool = False

    @classmethod
    def parse(cls, text: str, where: str) -> Cycle:
        """A cycle from text such as ``P3ML1``.

        Raises
        ------
        SpecFault : another form, or a period of nothing.
        """
        found = PATTERN.match(text.strip())
        if found is None or int(found.group(1)) == 0:
            raise SpecFault([Fault(where, "expected a cycle such as P3ML1 (short last period) or P3ML0", value=text)])
        return cls(int(found.group(1)), found.group(2), found.group(3) == "0")

    def after(self, anchor: Moment, steps: int, end_of_month: bool = False) -> Moment:
        """The moment `steps` periods after the anchor; month ends stay month ends where the convention says so."""
        if self.unit in DAYS_OF_UNIT:
            later: Moment = anchor + np.timedelta64(self.count * DAYS_OF_UNIT[self.unit] * steps, "D")
            return later
        day = anchor.astype("datetime64[D]")
        months = self.count * MONTHS_OF_UNIT[self.unit] * steps
        landed = (roll_months if end_of_month else add_months)(day, months)
        moved: Moment = landed[()].astype("datetime64[s]") + (anchor - day.astype("datetime64[s]"))
        return moved


def period_after(anchor: Moment, text: str, where: str) -> Moment:
    """The moment a plain period (``P31D``, ``P2M``, also ``P0D``) after an anchor."""
    found = PATTERN.match(text.strip())
    if found is None:
        raise SpecFault([Fault(where, "expected a period such as P31D or P2M", value=text)])
    return Cycle(int(found.group(1)), found.group(2)).after(anchor, 1)


def dates(
    start: Moment | None, end: Moment, cycle: Cycle | None, *, end_of_month: bool = False, with_end: bool = True
) -> list[Moment]:
    """Moments from `start` to before `end` by a cycle, then `end` where asked; without a cycle, start and end.

    With a long stub the last regular moment goes when the cycle does not meet the end.
    """
    if start is None or start > end:
        return []
    found: list[Moment] = []
    if cycle is None:
        found = [start] if start < end else []
    else:
        moment = start
        while moment < end and len(found) < LONGEST:
            found.append(moment)
            moment = cycle.after(start, len(found), end_of_month)
        if cycle.long_stub and len(found) > 1 and moment != end:
            found.pop()
    return [*found, end] if with_end else found


def day_of(moment: Moment) -> Moment:
    """The day that calculations see: the last second of a day belongs to the next."""
    day: Moment = (moment + ONE_SECOND).astype("datetime64[D]")
    return day


def _is_weekend(moment: Moment) -> bool:
    # 1 January 1970 was a Thursday.
    return int((moment.astype("datetime64[D]").astype(np.int64) + 3) % 7) >= 5


def _moved(moment: Moment, step: int) -> Moment:
    while _is_weekend(moment):
        moment = moment + np.timedelta64(step, "D")
    return moment


def _following(moment: Moment) -> Moment:
    return _moved(moment, 1)


def _preceding(moment: Moment) -> Moment:
    return _moved(moment, -1)


def _same_month(first: Moment, second: Moment) -> bool:
    return bool(first.astype("datetime64[M]") == second.astype("datetime64[M]"))


def _modified_following(moment: Moment) -> Moment:
    moved = _following(moment)
    return moved if _same_month(moved, moment) else _preceding(moment)


def _modified_preceding(moment: Moment) -> Moment:
    moved = _preceding(moment)
    return moved if _same_month(moved, moment) else _following(moment)


ROLLS: Mapping[str, Callable[[Moment], Moment]] = MappingProxyType(
    {"F": _following, "MF": _modified_following, "P": _preceding, "MP": _modified_preceding}
)


@dataclass(frozen=True)
class BusinessDays:
    """How a scheduled day that is no business day is moved.

    Parameters
    ----------
    convention : ``NOS`` (none), ``SCF``, ``SCMF``, ``SCP``, ``SCMP`` (shift, then calculate on the shifted day) or
        ``CSF``, ``CSMF``, ``CSP``, ``CSMP`` (calculate on the scheduled day, then shift the payment).
    weekends : whether Saturdays and Sundays are holidays (calendar ``MF``); else every day is a business day.
    """

    convention: str = "NOS"
    weekends: bool = False

    def paid(self, moment: Moment) -> Moment:
        """When an event scheduled for a moment happens."""
        if not self.weekends or self.convention in ("NOS", "NULL"):
            return moment
        return ROLLS[self.convention[2:]](moment)

    def calculated(self, moment: Moment) -> Moment:
        """The moment that accruals of the event are calculated to."""
        return moment if self.convention.startswith("CS") else self.paid(moment)
