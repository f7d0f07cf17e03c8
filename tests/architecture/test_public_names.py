"""The public names resolve, are declared in one list, and are few."""

from __future__ import annotations

import behavior


def test_every_public_name_resolves() -> None:
    assert len(behavior.__all__) <= 25
    for name in behavior.__all__:
        assert getattr(behavior, name).__name__ == name


def test_an_unknown_name_lists_those_there_are() -> None:
    try:
        _ = behavior.valu  # type: ignore[attr-defined]
    except AttributeError as error:
        assert "value" in str(error)
    else:
        raise AssertionError("an unknown name resolved")
