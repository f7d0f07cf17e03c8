"""Whole vectors are asked for where the processor has them, and never against the user's own word."""

from __future__ import annotations

import pytest
from numba import config

from behavior import vectors


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(config, "CPU_FEATURES", None)
    monkeypatch.setattr(config, "CPU_NAME", None)
    return monkeypatch


def test_wide_vectors_are_used_whole(unset: pytest.MonkeyPatch) -> None:
    unset.setattr(vectors, "get_host_cpu_features", lambda: "+avx2,+avx512f,+avx512vbmi2")
    vectors.take_full_width()
    assert config.CPU_FEATURES == "+avx2,+avx512f,+avx512vbmi2,-prefer-256-bit"


@pytest.mark.parametrize("features", ["", "+avx2", "+avx2,+avx512f,-avx512vbmi2"])
def test_where_they_would_slow_the_processor_down_nothing_is_set(unset: pytest.MonkeyPatch, features: str) -> None:
    unset.setattr(vectors, "get_host_cpu_features", lambda: features)
    vectors.take_full_width()
    assert config.CPU_FEATURES is None


def test_what_the_user_set_stays(unset: pytest.MonkeyPatch) -> None:
    unset.setattr(config, "CPU_FEATURES", "+avx2")
    vectors.take_full_width()
    assert config.CPU_FEATURES == "+avx2"
