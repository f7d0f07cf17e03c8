"""Checks that a validator can quote: one a file, each with purpose, mechanism, risks, strengths and limitations."""

from behavior.validation.base import Check, CheckInput, Finding, Findings, Status
from behavior.validation.run import all_checks, gate_faults, run_checks

__all__ = ["Check", "CheckInput", "Finding", "Findings", "Status", "all_checks", "gate_faults", "run_checks"]
