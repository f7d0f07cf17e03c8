"""How sure survivors' growth is: surprises added up by customer, and what a segment's months share beyond that.

A balance that comes and goes is no news: its surprises cancel over the customer's own months, whatever lies between.
So the scores of the fit are added up by customer over all months before they are squared. What all customers of a
segment share for two years on end (long enough for payments to have come back) is a shock of its own: its size is what
blocks' surprises vary by beyond what their customers explain, and it is carried through the fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from behavior.quantities import BoolArray, FloatArray, IntArray

SURE = 2.0
"""Standard errors beyond which the last years are said to stand apart from all of them."""


@dataclass(frozen=True)
class CellRows:
    """The account-months behind cells, shape (rows,) each.

    Parameters
    ----------
    cell : position of the row's cell. customer : whose row it is, any numbers. before, after : balances.
    log_decay : winsorised -log(after / before), NaN where a balance is too small to have one.
    """

    cell: IntArray
    customer: IntArray
    before: FloatArray
    after: FloatArray
    log_decay: FloatArray

    def of_cells(self, use: BoolArray) -> CellRows:
        """Rows of some cells, numbered as those are."""
        keep = use[self.cell]
        place = np.cumsum(use) - 1
        customer = np.unique(self.customer[keep], return_inverse=True)[1]
        return CellRows(place[self.cell[keep]], customer, self.before[keep], self.after[keep], self.log_decay[keep])


def customer_covariance(
    design: FloatArray,
    weight: FloatArray,
    prior: FloatArray,
    rows: CellRows,
    surprise: FloatArray,
    block: IntArray,
    segments: int,
) -> tuple[FloatArray, float]:
    """Covariance of coefficients fitted to cells, and the size of the shock that blocks share, units of the response.

    Parameters
    ----------
    design, weight, block : of the cells; `block` is a stretch of one segment. prior : precision of the coefficients.
    surprise : weighted response less fit of every row, which adds up to that of its cell.
    """
    shape = (int(rows.customer.max(initial=0)) + 1, len(weight))
    scores = csr_array((surprise, (rows.customer, rows.cell)), shape=shape) @ design
    places, place = np.unique(block, return_inverse=True)
    own = place[rows.cell]
    code = np.unique(rows.customer * len(places) + own, return_inverse=True)[1]
    noise = float((np.bincount(code, surprise) ** 2).sum())
    summed = np.asarray(np.bincount(own, surprise, len(places)), dtype=np.float64)
    return scored_covariance(design, weight, prior, Scores(scores.T @ scores, summed, noise), place, segments)


@dataclass(frozen=True)
class Scores:
    """Surprises of a fit to cells, added up.

    Parameters
    ----------
    squared : sum over customers of their scores' outer product, shape (p, p). by_block : sums, shape (blocks,).
    noise : sum of squares of customers' sums by block.
    """

    squared: FloatArray
    by_block: FloatArray
    noise: float


def lately_apart(
    weight: FloatArray, rows: CellRows, surprise: FloatArray, late: BoolArray, segment: IntArray, segments: int
) -> FloatArray:
    """Squared distance of each segment's level in its late cells from that of all, beyond twice its standard error.

    A fit says the mean of all years. Where growth has moved between them, the months ahead go on from the late ones,
    and more history does not make the mean surer of that. Shape (segments,), units of the response squared.

    Parameters
    ----------
    weight, late, segment : of the cells. surprise : weighted response less fit of every row.
    """
    whole = np.bincount(segment, weight, segments)
    lately = np.bincount(segment[late], weight[late], segments)
    told = 1.0 / np.where(lately > 0, lately, np.inf)
    pull = np.where(late, told[segment], 0.0) - (np.where(told > 0, 1.0, 0.0) / np.maximum(whole, 1e-300))[segment]
    own = segment[rows.cell]
    code, place = np.unique(rows.customer * segments + own, return_inverse=True)
    parts = np.bincount(place, surprise * pull[rows.cell], len(code))
    apart = np.bincount(code % segments, parts, segments)
    noise = np.bincount(code % segments, parts**2, segments)
    return np.asarray(np.maximum(apart**2 - SURE**2 * noise, 0.0))


def scored_covariance(
    design: FloatArray, weight: FloatArray, prior: FloatArray, scores: Scores, place: IntArray, segments: int
) -> tuple[FloatArray, float]:
    """As `customer_covariance`, from scores that are added up already; `place` is each cell's block, from 0 on."""
    gram = (design * weight[:, None]).T @ design + prior
    inverse = np.linalg.inv(gram + 1e-9 * np.eye(len(gram)))
    shock = _shared(scores, weight, place, segments)
    pulls = np.zeros((len(scores.by_block), design.shape[1]))
    np.add.at(pulls, place, design * (shock * weight)[:, None])
    found = prior + scores.squared + pulls.T @ pulls
    return np.asarray(inverse @ found @ inverse), shock


def _shared(scores: Scores, weight: FloatArray, place: IntArray, segments: int) -> float:
    """Standard deviation of a block's own level beyond what its customers explain; 0 where none is."""
    blocks = len(scores.by_block)
    if blocks <= segments:
        return 0.0
    lost = 1.0 - segments / blocks  # every segment's level was fitted to these very blocks
    excess = float((scores.by_block**2).sum()) / lost - scores.noise
    return float(np.sqrt(max(excess, 0.0) / max(float((np.bincount(place, weight) ** 2).sum()), 1e-300)))
