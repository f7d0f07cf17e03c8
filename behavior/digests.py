"""The digest by which files, sets and models are known again."""

from __future__ import annotations

import hashlib


def sha256_of(content: bytes | str) -> str:
    """SHA-256 of bytes, or of a text in UTF-8: 64 hexadecimal digits."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
