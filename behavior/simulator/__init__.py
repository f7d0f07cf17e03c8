"""A simulated bank with known truth: rates, customers, loans, deposits and a book, from one seed."""

from behavior.simulator.bank import Laws, SimulatedBank, simulate
from behavior.simulator.settings import SimulatorSettings, small_settings
from behavior.simulator.truth import Truth

__all__ = ["Laws", "SimulatedBank", "SimulatorSettings", "Truth", "simulate", "small_settings"]
