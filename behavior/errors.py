"""The error tree. Every message says where, what was found, what was expected (with its unit) and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

EXAMPLES_A_RULE = 50

DONE, USAGE, BAD_INPUT, GATE_FAILED, NOT_APPROVED = 0, 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input, as data that a person and a program can both read.

    Parameters
    ----------
    where : file or table name, followed by a path inside it for configuration (``$.search.trials``).
    line : line in the file as an editor counts it (header is line 1), or None where lines have no meaning.
    column : column or key name, or None when the fault is the whole table's.
    value : the offending value as text, or None when nothing stands there.
    rule : what was expected, with its unit.
    hint : what to do about it.
    """

    where: str
    rule: str
    line: int | None = None
    column: str | None = None
    value: str | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = self.where
        if self.line is not None:
            place += f", line {self.line}"
        if self.column is not None:
            place += f", {_kind(self.column)} `{self.column}`"
        found = "" if self.value is None else f": found {self.value!r}"
        hint = f" {self.hint}" if self.hint else ""
        return f"{place}{found}: {self.rule}.{hint}"


def _kind(column: str) -> str:
    """What messages call a name: tables have columns, configuration has keys (``$.search.trials``)."""
    return "key" if column.startswith("$") else "column"


class BehaviorError(ValueError):
    """Root of every error that a user can cause; `exit_code` is what the command line returns for it."""

    exit_code = BAD_INPUT


FaultKind = tuple[str, str | None, str]
"""File, column and rule: what many rows may have in common."""


def kind_of(fault: Fault) -> FaultKind:
    """The file, column and rule of a fault, whatever its row."""
    return fault.where.partition(", row ")[0], fault.column, fault.rule


def fault_lines(
    faults: Sequence[Fault], examples: int = EXAMPLES_A_RULE, counts: Mapping[FaultKind, int] | None = None
) -> list[str]:
    """Faults as lines of text; a rule that many rows of a column break shows `examples` of them and counts the rest.

    Parameters
    ----------
    counts : how many there are of each kind, where `faults` are not all of them.
    """
    shown: list[str] = []
    seen: dict[FaultKind, int] = {}
    for fault in faults:
        kind = kind_of(fault)
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= examples:
            shown.append(str(fault))
    for kind, count in (seen if counts is None else counts).items():
        if count > examples:
            where, column, rule = kind
            name = f", {_kind(column)} `{column}`" if column else ""
            shown.append(f"{where}{name}: {count - examples:,} more of {count:,}: {rule}.")
    return shown


class FaultyInput(BehaviorError):
    """An input with one or more faults; `faults` holds all, the message every one up to `EXAMPLES_A_RULE` a rule."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        head = f"{len(self.faults):,} fault{'s' if len(self.faults) != 1 else ''} found"
        super().__init__("\n".join([head, *(f"  {line}" for line in fault_lines(self.faults))]))


class ContractFault(FaultyInput):
    """A table does not keep its contract."""


class Gathered(AbstractContextManager[None]):
    """Faults of several inputs read one after the other under ``with gathered:``, so that all are named at once."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, FaultyInput):
            self.faults.extend(error.faults)
        return isinstance(error, FaultyInput)

    def refuse(self) -> None:
        """Stop where there is any.

        Raises
        ------
        ContractFault : listing all.
        """
        if self.faults:
            raise ContractFault(self.faults)


class SpecFault(FaultyInput):
    """A specification, profile or settings file is wrong."""


class MarketDataError(BehaviorError):
    """A curve, index, volatility or exchange rate is missing or cannot answer."""


class UsageError(BehaviorError):
    """A command was called in a way that cannot work."""

    exit_code = USAGE


class FittingError(BehaviorError):
    """A model could not be fitted to the data given."""


class TooFewEvents(FittingError):
    """The history holds too few events to learn from."""


class DidNotConverge(FittingError):
    """The optimiser stopped without an answer, or where it started."""


class GateFailed(BehaviorError):
    """A gate of the specification failed; everything was written, nothing was promoted."""

    exit_code = GATE_FAILED


class AssumptionError(BehaviorError):
    """Something is wrong with an assumption set."""


class SetNotFound(AssumptionError):
    """The store holds no such set."""


class DigestMismatch(AssumptionError):
    """A file of a set, or a line of the log, is not what was written."""


class SegmentNotCovered(AssumptionError):
    """A position needs a curve that the set does not have."""


class OutsideDomain(AssumptionError):
    """A curve was asked outside the months it answers for."""


class NotApproved(AssumptionError):
    """The set is a draft, retired, or its proposer tried to approve it."""

    exit_code = NOT_APPROVED


class NotYetValid(AssumptionError):
    """The set is not valid on the valuation date."""

    exit_code = NOT_APPROVED


class DoesNotApply(Exception):
    """A check or measure has nothing to say here; this is an answer, not a fault."""
