"""Published layouts by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from behavior.io.raw import RawTable

LAYOUTS: Mapping[str, Callable[[Path], RawTable]] = {}
