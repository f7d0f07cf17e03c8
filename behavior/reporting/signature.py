"""Who signed a version, in the words that its report prints on page one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

VALIDATED = "validated"


def signature(tags: Mapping[str, Any]) -> dict[str, str]:
    """Status, validator with the time of the signature, and note.

    Parameters
    ----------
    tags : of a registered version: ``validation_status``, ``validated_by``, ``validated_at``, ``validation_note``.
    """
    status = str(tags.get("validation_status", "unvalidated"))
    if status != VALIDATED:
        return {"Status": f"{status} when this report was written"}
    said = {"Status": status}
    if tags.get("validated_by"):
        said["Signed by"] = ", ".join(part for part in (str(tags["validated_by"]), _time(tags)) if part)
    if tags.get("validation_note"):
        said["Validator's note"] = str(tags["validation_note"])
    return said


def _time(tags: Mapping[str, Any]) -> str:
    text = str(tags.get("validated_at", ""))
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at:%Y-%m-%d %H:%M} {at.tzname() or ''}".strip()
