"""Memory that was freed and is still held by the process."""

from __future__ import annotations

import ctypes
import sys


def give_back_freed() -> None:
    """Hand freed memory back to the system where its C library can.

    Columns of a large book, or of a history's parts, are freed in between others that stay, so that the library would
    keep them: a quarter of what the resolved book takes, half of what a panel does that was read in parts.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
