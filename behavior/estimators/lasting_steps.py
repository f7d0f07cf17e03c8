"""What lasting ups and downs of single accounts add to the growth of a segment's balance, beyond a typical account's.

A balance moves in two ways: money that comes and goes, and steps that stay. The mean change of logarithms is that of a
typical account. Steps that stay add to it: an account that halves or doubles for good, as likely the one as the other,
has a quarter more on average, and nothing more in logarithms. Money that comes and goes adds nothing, however much it
moves, and months' changes alone do not tell the two apart.

Long changes do. With d the log change of a month and s that of the balance from about a year before to about a year
after it, what comes and goes has no part in common in the two, and a lasting step is in both. Hence E[s exp(t d)] /
E[exp(t d)] is the derivative K'(t) of the lasting step's cumulant function, and the growth it adds is the integral of
K' from 0 to 1, without a law for either. (Its first order is the estimator of the permanent variance in C. Meghir and
L. Pistaferri, Income variance dynamics and heterogeneity, Econometrica 72, 2004.) Accounts that drift apart for years
have that in common with the month too, and in the years further off as well: it is read there and taken off.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from behavior.quantities import FloatArray, IntArray

YEAR = 12
LEAST_MONTHS = 6
"""Known ones that the mean of a year needs."""
LEAST_ROWS = 200
MOST_LOG = 3.0
SURE = 3.0
"""Standard errors within which nothing is read, and all from twice as many on: what comes and goes is not wholly
forgotten after a year."""
FURTHER = 3.0
"""A drift of its own moves a balance three times as far from the year before to the year after as from one year to the
next."""
UNITS_AT_ONCE = 20_000
NODES, WEIGHTS = np.polynomial.legendre.leggauss(4)
NODES, WEIGHTS = 0.5 + 0.5 * NODES, 0.5 * WEIGHTS


@dataclass(frozen=True)
class LastingGrowth:
    """Growth that lasting steps add to each segment, log a month, and the standard error that is left, (segments,)."""

    gain: FloatArray
    error: FloatArray


def lasting_growth(
    balance: FloatArray, segment: IntArray, customer: IntArray, segments: int, least: float
) -> LastingGrowth:
    """What lasting steps add to the growth of each segment's balance; 0 where it is not sure.

    Parameters
    ----------
    balance : of units by month, shape (units, months), currency units; NaN where unknown. segment, customer : of each
        unit, a segment below 0 is none. least : balance up to which a logarithm says nothing.
    """
    gain, error = np.zeros(segments), np.zeros(segments)
    for place in range(segments):
        units = np.flatnonzero(segment == place)
        near, far = _changes(balance, units, least)
        found, noise = _integral(near, customer)
        apart, apart_noise = (FURTHER * one for one in _integral(far, customer))
        if apart > SURE * apart_noise:
            found, noise = found - apart, float(np.hypot(noise, apart_noise))
        if found > 0.0:
            kept = float(np.clip(found / (SURE * noise) - 1.0, 0.0, 1.0))
            gain[place], error[place] = kept * found, np.hypot(kept * noise, (1.0 - kept) * found)
    return LastingGrowth(gain, error)


@dataclass(frozen=True)
class _Changes:
    """Log changes of single months and the long ones that they are held against, shape (rows,), and whose they are."""

    unit: IntArray
    month: IntArray
    change: FloatArray
    long: FloatArray


def _changes(balance: FloatArray, units: IntArray, least: float) -> tuple[_Changes, _Changes]:
    """Months of some units against the change around them, and against the changes of the years further off."""
    near, far = [], []
    for begin in range(0, len(units), UNITS_AT_ONCE):
        some = units[begin : begin + UNITS_AT_ONCE]
        held = balance[some]
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.where(held > least, np.log(held), np.nan)
        change = np.diff(logs, axis=1, prepend=np.nan)
        yearly = _growth_over(logs, YEAR)
        ahead, back = _mean_of_year(yearly, YEAR), _mean_of_year(yearly, -3 * YEAR)
        away = np.where(np.isnan(ahead), back, np.where(np.isnan(back), ahead, 0.5 * (ahead + back)))
        around = _mean_of_year(_growth_over(logs, 3 * YEAR), -2 * YEAR)
        near.append(_known(some, change, around))
        far.append(_known(some, change, away))
    return _together(near), _together(far)


def _growth_over(logs: FloatArray, months: int) -> FloatArray:
    """Change from each month to that some months on, (units, months); over whole years no account's season is in it."""
    found = np.full(logs.shape, np.nan)
    found[:, :-months] = logs[:, months:] - logs[:, :-months]
    return found


def _mean_of_year(values: FloatArray, first: int) -> FloatArray:
    """Mean of the known values of months t + first .. t + first + 11 at each month t, NaN of too few; same shape."""
    known = np.isfinite(values)
    begin, end = (np.clip(np.arange(values.shape[1]) + first + on, 0, values.shape[1]) for on in (0, YEAR))
    summed = [np.cumsum(np.pad(part, ((0, 0), (1, 0))), axis=1) for part in (np.where(known, values, 0.0), 1.0 * known)]
    total, count = (part[:, end] - part[:, begin] for part in summed)
    return np.where(count >= LEAST_MONTHS, total / np.maximum(count, 1.0), np.nan)


def _known(units: IntArray, change: FloatArray, long: FloatArray) -> _Changes:
    row, month = np.nonzero(np.isfinite(change) & np.isfinite(long))
    return _Changes(units[row], month, change[row, month], long[row, month])


def _together(parts: list[_Changes]) -> _Changes:
    if not parts:
        return _Changes(*(np.zeros(0, dtype=np.int64),) * 2, *(np.zeros(0),) * 2)
    return _Changes(*(np.concatenate([getattr(one, field.name) for one in parts]) for field in fields(_Changes)))


def _integral(changes: _Changes, customer: IntArray) -> tuple[float, float]:
    """Growth that what is common to the changes of a month and the long ones adds, and its error by customers.

    What all units share in a month, a season or what rates did, is no step of one account and taken out first.
    """
    if len(changes.unit) < LEAST_ROWS:
        return 0.0, np.inf
    month = changes.month
    count = np.maximum(np.bincount(month), 1)
    change, long = (one - (np.bincount(month, one) / count)[month] for one in (changes.change, changes.long))
    change = np.clip(change, -MOST_LOG, MOST_LOG)
    found, score = 0.0, -long / len(long)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        tilt = np.exp(node * change)
        tilt /= tilt.sum()
        slope = float(tilt @ long)
        found += weight * slope
        score += weight * tilt * (long - slope)
    by_customer = np.bincount(np.unique(customer[changes.unit], return_inverse=True)[1], score)
    return found, float(np.sqrt((by_customer**2).sum()))
