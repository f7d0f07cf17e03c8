"""Which protocols and incumbents a kind has: what it does not have is refused in words, never passed over."""

from __future__ import annotations

from behavior.benchmark.protocols import Question
from behavior.errors import Fault, SpecFault

PHASE = "phase"
WINDOWS = ("mortgage_prepayment", "nmd_decay")
LANDMARKS = ("nmd_decay",)
RATES_PAID = ("deposit_beta",)


def require_answerable(name: str, kind: str, question: Question) -> None:
    """Refuse a question that a kind has no answer to.

    Parameters
    ----------
    name : of the question in its profile. kind : of the model folder's specification.

    Raises
    ------
    SpecFault : listing every key of the protocol and the incumbent that this kind does not have, and which it has.
    """
    faults = _of_kind(name, kind) or [*_of_protocol(name, kind, question), *_of_incumbent(name, kind, question)]
    if faults:
        raise SpecFault(faults)


def _of_kind(name: str, kind: str) -> list[Fault]:
    known = sorted({*WINDOWS, *LANDMARKS, *RATES_PAID})
    if kind in known:
        return []
    rule = f"expected a model of a kind that has a benchmark ({', '.join(known)})"
    return [Fault("profile", rule, column=f"$.benchmark.{name}.model", value=kind)]


def _of_protocol(name: str, kind: str, question: Question) -> list[Fault]:
    protocol, faults = question.protocol, []

    def refuse(key: str, value: str, rule: str, hint: str) -> None:
        faults.append(Fault("profile", rule, column=f"$.benchmark.{name}.protocol.{key}", value=value, hint=hint))

    own = "`starts` or `leave_out`" if kind in WINDOWS else "`leave_out`"
    if protocol.landmarks and kind not in LANDMARKS:
        rule = f"landmarks exist for {', '.join(LANDMARKS)}, not for {kind}"
        refuse("landmarks", str(protocol.landmarks[0]), rule, f"Use {own}.")
    if protocol.starts and kind not in WINDOWS:
        rule = f"windows of time exist for {', '.join(WINDOWS)}, not for {kind}"
        refuse("starts", str(protocol.starts[0]), rule, f"Use {own}.")
    if protocol.leave_out not in ("", PHASE) and kind not in RATES_PAID:
        rule = f"expected `{PHASE}`; labels of a segment column are left out for {', '.join(RATES_PAID)}"
        refuse("leave_out", protocol.leave_out, rule, "Customers are left out by `customer_folds`.")
    if protocol.by and kind not in RATES_PAID:
        rule = f"columns of the comparison exist for {', '.join(RATES_PAID)}, not for {kind}"
        refuse("by", ", ".join(protocol.by), rule, "Set `by` of [segments] in the specification.")
    given = {"starts": protocol.starts, "landmarks": protocol.landmarks, "leave_out": protocol.leave_out}
    asked = [key for key, value in given.items() if value]
    if len(asked) > 1:
        refuse(asked[-1], str(given[asked[-1]]), f"expected one of {', '.join(asked)}", "Ask the other as a question.")
    return faults


def _of_incumbent(name: str, kind: str, question: Question) -> list[Fault]:
    """What the bank uses must be something that this kind can be foretold by."""
    if kind in RATES_PAID:
        has: tuple[str, ...] = ("beta", "file")
    elif question.protocol.landmarks:
        has = ("average_life_years",)
    else:
        has = ("cpr", "psa", "average_life_years", "file")
    given = question.incumbent.model_dump(exclude={"name"})
    return [
        Fault(
            "profile",
            f"expected one of {', '.join(has)} for {kind}{' at landmarks' if question.protocol.landmarks else ''}",
            column=f"$.benchmark.{name}.incumbent.{key}",
            value=str(value),
        )
        for key, value in given.items()
        if key not in has and value not in (None, "")
    ]
