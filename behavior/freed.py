"""Memory that was freed and is still held by the process."""

from __future__ import annotations

import ctypes
import sys

MAPPED_FROM = 1 << 21
"""Bytes from which an array has a mapping of its own, which goes back when it is freed."""
_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h


def map_large_apart() -> None:
    """Have arrays of megabytes mapped apart from the rest, so that each goes back as soon as it is freed.

    The library learns from the first large array that is freed to keep those of its size, up to 32 megabytes: of a
    history beyond memory a sixth of the peak was freed columns in between others.
    """
    if sys.platform == "linux":
        option = getattr(ctypes.CDLL(None), "mallopt", None)
        if option is not None:
            option(_THRESHOLD, MAPPED_FROM)


def give_back_freed() -> None:
    """Hand freed memory back to the system where its C library can.

    Columns of a large book, or of a history's parts, are freed in between others that stay, so that the library would
    keep them: a quarter of what the resolved book takes, half of what a panel does that was read in parts.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
