"""Banks that several tests look at, simulated once."""

from __future__ import annotations

import pytest

from behavior.simulator import SimulatedBank, simulate, small_settings


@pytest.fixture(scope="session")
def bank() -> SimulatedBank:
    """The bank of the demo, full size."""
    return simulate()


@pytest.fixture(scope="session")
def small_bank() -> SimulatedBank:
    """A bank of about 1,500 loans and accounts."""
    return simulate(small_settings(), seed=3)
