"""Every question of the profiles asked of their data, and of a simulated bank whose truth is known."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from behavior.benchmark.beta_run import beta_answer
from behavior.benchmark.decay_run import decay_benchmark
from behavior.benchmark.hazard_run import hazard_benchmark, periods_a_year
from behavior.benchmark.incumbents import incumbent_hazard
from behavior.benchmark.protocol_rules import require_answerable
from behavior.benchmark.protocols import Incumbent, Question
from behavior.benchmark.results import Answer, Verdict
from behavior.cluster import connected
from behavior.errors import BehaviorError, Fault, SpecFault, UsageError
from behavior.features.leakage import LeakFound
from behavior.io.files import read_bytes
from behavior.io.inputs import rate_history, read_history
from behavior.io.profiles import load_profile, missing_files
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.exposures import EXPOSURES, build_exposure_panel
from behavior.panel.split import uniform_of_rows
from behavior.simulator.bank import SimulatedBank, simulate
from behavior.simulator.settings import SimulatorSettings, small_settings
from behavior.specs import ModelSpec, parse_spec
from behavior.workflows.benchmark_truth import TruthAnswer
from behavior.workflows.digests import data_digest
from behavior.workflows.panels import panel_of, require_whole_or_streaming
from behavior.workflows.request import SPEC_FILE
from behavior.workflows.train import kind_of
from behavior.workflows.truth_evidence import TruthEvidence, evidence_of

QUICK_ROWS = 60_000
REPLICATES, QUICK_REPLICATES = 200, 40
SIMULATED = "simulated"


@dataclass(frozen=True)
class Task:
    """One question to be answered in a process of its own.

    Parameters
    ----------
    profile : file. name : of the question; for the truth, the model. form : ``data``, ``simulated`` or ``truth``.
    models : folder of model folders for the simulated bank. scheduler : address of a Dask cluster on which the boosted
        trees are grown a second time, as a row of their own; empty = no such row.
    """

    profile: Path
    name: str
    form: str
    quick: bool = False
    seed: int = 20260930
    models: Path | None = None
    scheduler: str = ""


@dataclass(frozen=True)
class Failure:
    """A question that could not be answered, and why."""

    name: str
    words: str


@dataclass(frozen=True)
class BenchmarkResult:
    """Answers on data and on the simulated bank, and what the truth says of the models learned there."""

    answers: tuple[Answer, ...]
    truths: tuple[TruthAnswer, ...]
    absent: tuple[Verdict, ...] = ()

    @property
    def truth_bars(self) -> list[dict[str, str]]:
        """The first table: the simulated bank, the truth being known."""
        return [one.as_row() for truth in self.truths for one in truth.verdicts]

    @property
    def data_bars(self) -> list[dict[str, str]]:
        """The second table: data, out of time and on unseen customers."""
        return [one.as_row() for answer in self.answers for one in answer.verdicts] + [
            one.as_row() for one in self.absent
        ]

    def scores(self) -> pd.DataFrame:
        """Every figure of every answer in one long table."""
        parts = [one.scores.assign(data=one.name, kind=one.kind, protocol=one.protocol) for one in self.answers]
        if not parts:
            return pd.DataFrame()
        table = pd.concat(parts, ignore_index=True)
        return table[
            ["data", "kind", "protocol", *(name for name in table if name not in ("data", "kind", "protocol"))]
        ]


def tasks_of(profile: Path, form: str, quick: bool, seed: int, models: Path | None = None) -> list[Task]:
    """A profile's questions as tasks, in its order."""
    return [Task(profile, name, form, quick, seed, models) for name in load_profile(profile).terms.benchmark]


def missing_of(task: Task) -> list[Fault]:
    """Files of the task's question that are absent, each with the layout expected of it."""
    if task.form != "data":
        return []
    profile = load_profile(task.profile)
    history = profile.terms.benchmark[task.name].history
    wanted = (f"$.history.{history}.", "$.rates")
    return [fault for fault in missing_files(profile) if str(fault.column).startswith(wanted)]


def require_data(tasks: Sequence[Task]) -> None:
    """Refuse to start where data of a question are absent.

    Raises
    ------
    SpecFault : listing every absent file once, with the layout expected of it.
    """
    faults = {str(fault): fault for task in tasks for fault in missing_of(task)}
    if faults:
        raise SpecFault(list(faults.values()))


def run_tasks(tasks: Sequence[Task], workers: int = 0) -> Iterator[tuple[Task, Answer | TruthEvidence | Failure]]:
    """Answer every task, several side by side in processes of their own; in the tasks' order.

    One question that cannot be answered does not take the others with it.

    Raises
    ------
    LeakFound : a feature knows the outcome.
    """
    count = min(workers or os.cpu_count() or 1, len(tasks))
    if count <= 1:
        for task in tasks:
            yield task, _answer_or_error(task)
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        asked = [(task, pool.submit(_answer_or_error, task)) for task in tasks]
        try:
            for task, one in asked:
                yield task, _received(task, one)
        finally:
            for _, one in asked:
                one.cancel()


def _received(task: Task, answer: Future[Answer | TruthEvidence | Failure]) -> Answer | TruthEvidence | Failure:
    try:
        return answer.result()
    except BrokenProcessPool:
        return Failure(task.name, "a process ended before it answered, often for want of memory. Use `--workers 1`.")


def _answer_or_error(task: Task) -> Answer | TruthEvidence | Failure:
    """A task's answer, or the words of its failure; a leak in a feature is no failure to measure, it fails the run."""
    try:
        if not task.scheduler:
            return answer_of(task)
        with connected(task.scheduler) as client:
            return answer_of(task, client)
    except LeakFound:
        raise
    except BehaviorError as error:
        return Failure(task.name, str(error))
    except Exception as error:  # noqa: BLE001 - whatever it stumbles over, the others go on and the run fails
        return Failure(task.name, _unexpected(error))


def _unexpected(error: Exception) -> str:
    """Words of an error that no rule foresaw, with the place it came from."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return f"unexpected {type(error).__name__} in {where}: {' '.join(str(error).split())}. This is a defect: report it."


def answer_of(task: Task, client: Any = None) -> Answer | TruthEvidence:
    """One task's answer; with a Dask client boosted trees are scored as grown there too."""
    if task.form == "truth":
        bank = _bank(task)
        model = _models(task) / task.name
        return evidence_of(bank, task.name, _spec(model, task.quick))
    profile = load_profile(task.profile)
    question = profile.terms.benchmark[task.name]
    if task.quick:
        question = question.model_copy(update={"protocol": question.protocol.shortened()})
    if task.form == SIMULATED:
        bank = _bank(task)
        history = bank.mortgages if question.history == "mortgage" else bank.deposits
        spec = _spec(_models(task) / Path(question.model).name, task.quick)
        return answer_question(task.name, history, bank.rate_history, spec, question, "", task.quick, client)
    history = read_history(profile, question.history)
    rates = rate_history(profile) if profile.terms.rates is not None else RateHistory({}, {})
    spec = _spec(profile.path(question.model), task.quick)
    vendor = ""
    if question.incumbent.file:
        vendor = read_bytes(profile.path(question.incumbent.file)).decode("utf-8")
    answer = answer_question(task.name, history, rates, spec, question, vendor, task.quick, client)
    asked_of = {"data_digest": data_digest(history.sources), "spec_digest": spec.digest}
    return replace(answer, facts={**answer.facts, **asked_of})


def answer_question(
    name: str,
    history: CustomerHistory,
    rates: RateHistory,
    spec: ModelSpec,
    question: Question,
    vendor_table: str = "",
    quick: bool = False,
    client: Any = None,
) -> Answer:
    """Build the panel and put the question of the protocol's form to it.

    Raises
    ------
    FittingError : the data cannot carry the question. SpecFault : of the specification, the vendor's table, or a
    protocol or incumbent that the kind does not have.
    """
    replicates = QUICK_REPLICATES if quick else REPLICATES
    kind = kind_of(spec)
    require_whole_or_streaming(kind, history)
    require_answerable(name, kind.name, question)
    if spec.model.kind == "deposit_beta":
        return beta_answer(name, history, rates, spec, question, _betas(question.incumbent, vendor_table))
    panel = build_exposure_panel(history) if history.contract == EXPOSURES else panel_of(kind, history, rates, spec)
    panel = _smaller(panel, question.protocol.seed) if quick else panel
    if question.protocol.landmarks:
        return decay_benchmark(name, panel, rates, kind, spec, question, replicates, with_boosted=not quick)
    incumbent = incumbent_hazard(question.incumbent, vendor_table, periods_a_year(panel))
    return hazard_benchmark(name, panel, kind, spec, question, incumbent, replicates, client)


def _betas(given: Incumbent, vendor_table: str) -> Mapping[str, float] | None:
    """The bank's own betas: one for all, or by product from the vendor's file (columns product, beta)."""
    if not vendor_table:
        return None if given.beta is None else {"": given.beta}
    import io

    table = pd.read_csv(io.StringIO(vendor_table))
    if not {"product", "beta"}.issubset(table.columns):
        raise SpecFault([Fault("vendor table", "expected a CSV with the columns product, beta")])
    betas = pd.to_numeric(table["beta"], errors="coerce")
    faults = [
        Fault("vendor table", "expected a number", place + 2, "beta", str(table["beta"].iloc[place]))
        for place in np.flatnonzero(betas.isna()).tolist()
    ]
    if faults:
        raise SpecFault(faults)
    return dict(zip(table["product"].astype(str), betas.astype(float), strict=True))


def _smaller(panel: Panel, seed: int) -> Panel:
    """Some customers' rows, about QUICK_ROWS of them."""
    if len(panel.table) <= QUICK_ROWS:
        return panel
    share = uniform_of_rows(panel.table["customer"], seed + 1)
    return panel.rows(np.asarray(share < QUICK_ROWS / len(panel.table)))


def _bank(task: Task) -> SimulatedBank:
    return simulate(small_settings() if task.quick else SimulatorSettings(), seed=task.seed)


def _models(task: Task) -> Path:
    if task.models is None:
        raise UsageError("the simulated bank needs the folder of models that came with the package.")
    return task.models


def _spec(folder: Path, quick: bool) -> ModelSpec:
    """A model folder's specification; for a quick look without search and with few starts."""
    spec = parse_spec(read_bytes(folder / SPEC_FILE).decode("utf-8"), f"{folder.name}/{SPEC_FILE}")
    return quick_spec(spec) if quick else spec


def quick_spec(spec: ModelSpec) -> ModelSpec:
    """The same without search and, for rates paid, from one start: a look, not evidence."""
    fixed = dict(spec.estimator.fixed)
    if spec.model.kind == "deposit_beta":
        fixed |= {"starts": 1, "largest_delay": 1, "replicates": 1}
    return spec.model_copy(
        update={
            "search": spec.search.model_copy(update={"trials": 0}),
            "estimator": spec.estimator.model_copy(update={"fixed": fixed}),
        }
    )
