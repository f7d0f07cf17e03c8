"""Multilinear interpolation on a rectangular grid, clamped at its ends; what is clamped is reported."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from behavior.errors import OutsideDomain
from behavior.quantities import BoolArray, FloatArray, IntArray


def bracket(nodes: FloatArray, points: FloatArray) -> tuple[IntArray, FloatArray, BoolArray]:
    """Lower node, weight of the upper node and whether the point was clamped.

    Parameters
    ----------
    nodes : shape (nodes,), rising. points : any shape, same unit as `nodes`.

    Returns
    -------
    index, weight, clamped : each in the shape of `points`; the weight is exactly 0 or 1 on a node.

    Raises
    ------
    OutsideDomain : when a point is not a number.
    """
    if np.isnan(points).any():
        raise OutsideDomain(
            f"{int(np.isnan(points).sum())} of {points.size} lookup points are not a number. "
            "Supply the driver, or leave the rows out."
        )
    clamped: BoolArray = (points < nodes[0]) | (points > nodes[-1])
    if len(nodes) == 1:
        return np.zeros(points.shape, dtype=np.int64), np.zeros(points.shape), clamped
    index: IntArray = np.clip(np.searchsorted(nodes, points, side="right") - 1, 0, len(nodes) - 2)
    weight: FloatArray = np.clip((points - nodes[index]) / (nodes[index + 1] - nodes[index]), 0.0, 1.0)
    return index, weight, clamped


def multilinear(
    values: FloatArray, axes: Sequence[FloatArray], points: Sequence[FloatArray]
) -> tuple[FloatArray, list[BoolArray]]:
    """Values between the nodes of a grid.

    Parameters
    ----------
    values : shape (nodes of axis 1, ..., nodes of axis n). axes : n rising arrays. points : n arrays of one shape.

    Returns
    -------
    result : in the points' shape, exact on grid nodes. clamped : one boolean array an axis.

    Raises
    ------
    OutsideDomain : when a point is not a number.
    """
    shape = points[0].shape if points else ()
    found = [bracket(nodes, point) for nodes, point in zip(axes, points, strict=True)]
    result = np.zeros(shape)
    for corner in product((0, 1), repeat=len(axes)):
        if any(side and len(nodes) == 1 for side, nodes in zip(corner, axes, strict=True)):
            continue
        weight = np.ones(shape)
        for side, (_, upper, _) in zip(corner, found, strict=True):
            weight = weight * (upper if side else 1.0 - upper)
        place = tuple(index + side for side, (index, _, _) in zip(corner, found, strict=True))
        result = result + weight * values[place]
    return result, [clamped for _, _, clamped in found]
