"""How the engine's loops are compiled: cached on disk, without the interpreter's lock, no checks of division.

No reference counting either: a kernel allocates nothing, its workspace is handed in, and counting references of the
arrays that pass from function to function would cost forty times the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

compiled: Callable[[Any], Any] = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
"""Decorator of every kernel. Rows of positions and calendars come as records: one pointer, no pointers of columns."""

folded: Callable[[Any], Any] = njit(cache=True, nogil=True, error_model="numpy", _nrt=False, inline="always")
"""The same for a kernel's inner steps, which are written into their callers: handing on dozens of columns costs more
than most steps do."""
