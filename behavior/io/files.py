"""Bytes in and out: digests, and writes that are whole or not there at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from behavior.errors import Fault, FaultyInput


def sha256_of(data: bytes) -> str:
    """Hexadecimal sha256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def read_bytes(path: Path) -> bytes:
    """A file's bytes.

    Raises
    ------
    FaultyInput : when there is no such file, with the files that lie beside it.
    """
    if path.is_file():
        return path.read_bytes()
    if path.is_dir():
        raise FaultyInput([Fault(str(path), "expected a file, this is a folder", hint="Name a file in it")])
    hint = f"Files there: {', '.join(beside)}" if (beside := _beside(path)) else "Check the path"
    raise FaultyInput([Fault(str(path), "expected a file, there is none of that name", hint=hint)])


def _beside(path: Path, limit: int = 12) -> list[str]:
    if not path.parent.is_dir():
        return []
    return sorted(one.name for one in path.parent.iterdir() if one.is_file())[:limit]


def write_atomically(path: Path, content: bytes | str) -> str:
    """Write beside the target, then rename; returns the sha256. A failure leaves nothing behind."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return sha256_of(data)
