"""How the engine's loops are compiled: cached on disk, without the interpreter's lock, no checks of division.

No reference counting either: a kernel allocates nothing, its workspace is handed in, and counting references of the
arrays that pass from function to function would cost forty times the arithmetic.

A kernel holds the code of the steps it calls, from several files; the compiler's own cache looks at one file alone and
would serve yesterday's steps. So the cache lives in a folder named by the digest of all of them.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit
from numba.core.compiler import Compiler

from behavior.vectors import take_full_width

take_full_width()

SOURCES = (
    "compiled.py",
    "layout.py",
    "level.py",
    "hazards.py",
    "path.py",
    "event.py",
    "kernel.py",
    "renewal.py",
    "slab.py",
    "contract.py",
    "moving.py",
    "curve_lookup.py",
    "survival.py",
    "leaving.py",
    "tally.py",
    "lanes.py",
)
Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def cache_folder() -> Path:
    """Where compiled kernels of these sources are kept: beside the package, else in the user's own cache."""
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join((here / name).read_bytes() for name in SOURCES)).hexdigest()[:16]
    beside = here / "__pycache__"
    if os.access(beside if beside.is_dir() else here, os.W_OK):
        return beside / f"kernels-{digest}"
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    if os.access(Path(home).parent, os.W_OK):
        return Path(home) / "alm-behavior" / f"kernels-{digest}"
    return Path(tempfile.gettempdir()) / f"alm-behavior-{digest}"


class Apart(Compiler):  # type: ignore[misc]
    """Tells the compiler that no two arrays of a call overlap where one is written, so that loops that look numbers up
    and write others go side by side too."""

    def define_pipelines(self) -> list[Any]:
        """The usual passes, over arrays that lie apart."""
        self.state.flags.noalias = True
        return list(super().define_pipelines())


def _compile(
    function: Function, inline: str, arithmetic: frozenset[str] = frozenset(), compiler: type[Compiler] = Compiler
) -> Function:
    given = config.CACHE_DIR
    config.CACHE_DIR = given or str(cache_folder())
    try:
        made: Function = njit(
            cache=True,
            nogil=True,
            error_model="numpy",
            _nrt=False,
            inline=inline,
            fastmath=set(arithmetic),
            pipeline_class=compiler,
        )(function)
    finally:
        config.CACHE_DIR = given
    return made


def compiled(function: Function) -> Function:
    """Decorator of every kernel. Rows of positions and calendars come as records: one pointer, not forty columns."""
    return _compile(function, "never")


def folded(function: Function) -> Function:
    """The same for a kernel's inner steps, which are written into their callers: handing on dozens of columns costs
    more than most steps do."""
    return _compile(function, "always")


def side_by_side(function: Function) -> Function:
    """A kernel over neighbouring numbers: sums may be taken in any order, so that eight go at a time, and no array that
    it writes overlaps another."""
    return _compile(function, "never", frozenset({"reassoc", "contract", "nsz"}), Apart)
