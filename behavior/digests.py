"""The digest by which files, sets and models are known again."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256_of(content: bytes | str) -> str:
    """SHA-256 of bytes, or of a text in UTF-8: 64 hexadecimal digits."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """The same of a file of any length."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
