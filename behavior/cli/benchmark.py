"""`behavior benchmark`: what the models are worth, beside every baseline, on data and where the truth is known."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from textwrap import shorten
from typing import TYPE_CHECKING

from behavior.cli.output import Console

if TYPE_CHECKING:
    from pathlib import Path

    from behavior.benchmark.results import Answer
    from behavior.workflows.benchmark import BenchmarkResult, Task

TRUTHS = ("mortgage_prepayment", "nmd_decay", "deposit_beta")
NOTE_WIDTH = 400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose data, which of them, how closely."""
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="FILE",
        help="profile with [benchmark.NAME] sections; may be repeated (default: the simulated bank and every profile "
        "of the project whose data are there)",
    )
    parser.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="NAME",
        help="only these questions, by their names in the profiles, or `simulated`; may be repeated",
    )
    parser.add_argument("--quick", action="store_true", help="small bank, fewer windows and rows: a look, not evidence")
    parser.add_argument("--out", default="behavior-benchmark", metavar="DIR", help="output (./behavior-benchmark)")
    parser.add_argument("--seed", type=int, default=20260930, help="seed of the simulated bank")
    parser.add_argument(
        "--banks",
        type=int,
        default=1,
        metavar="N",
        help="simulated banks judged together, of the seeds SEED, SEED + 1, ...; bands take 20 (default: 1)",
    )
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes (default: one a core)")
    parser.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="score boosted trees grown on this Dask cluster as well"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Ask every question, print both tables, write figures, report and runs."""
    from dataclasses import replace
    from pathlib import Path

    from behavior.benchmark.results import Answer, Verdict
    from behavior.cli.learning import require_learning_libraries, trees_on
    from behavior.errors import BAD_INPUT, DONE, UsageError
    from behavior.io.files import require_outputs
    from behavior.workflows.benchmark import BenchmarkResult, Failure, missing_of, require_data, run_tasks
    from behavior.workflows.benchmark_files import track_benchmark, write_benchmark
    from behavior.workflows.benchmark_truth import judged
    from behavior.workflows.truth_evidence import TruthEvidence

    require_learning_libraries()
    if arguments.banks < 1:
        raise UsageError(f"--banks {arguments.banks}: expected 1 or more.")
    with trees_on(arguments.scheduler or None):
        pass  # an address at which nothing answers is said once, before anything is asked
    folder = Path(arguments.out).resolve()
    require_outputs([folder])
    tasks, asked = _tasks(arguments)
    tasks = [replace(task, scheduler=arguments.scheduler) for task in tasks]
    absent = []
    if asked:
        require_data(tasks)
    else:
        absent = [task for task in tasks if missing_of(task)]
        tasks = [task for task in tasks if task not in absent]
        for task in absent:
            console.warn(f"{task.name}: not measured, {missing_of(task)[0]}")
    answers: list[Answer] = []
    failed: list[Failure] = []
    shown: dict[str, list[TruthEvidence]] = {}
    for task, answer in run_tasks(tasks, arguments.workers):
        if isinstance(answer, Answer):
            console.say(f"{task.name}: {answer.winner}")
            answers.append(answer)
        elif isinstance(answer, TruthEvidence):
            console.say(f"{task.name}: held against the truth of seed {answer.seed}")
            shown.setdefault(task.name, []).append(answer)
        else:
            console.warn(f"error: {answer.name}: {answer.words}")
            failed.append(answer)
    verdicts = [Verdict(task.name, "data at hand", "files are absent", "not measured") for task in absent]
    verdicts += [Verdict(one.name, "an answer", one.words, "not measured") for one in failed]
    truths = tuple(judged(one) for one in shown.values())
    result = BenchmarkResult(tuple(answers), truths, tuple(verdicts))
    written = write_benchmark(result, folder, quick=arguments.quick)
    track_benchmark(result, folder / "tracking", quick=arguments.quick)
    _print(console, result, arguments.quick)
    console.say("\n" + "\n".join(f"{what}: {where}" for what, where in written.items()))
    console.result(_as_json(result, written))
    return BAD_INPUT if failed else DONE


def _tasks(arguments: argparse.Namespace) -> tuple[list[Task], bool]:
    """What to ask, and whether it was asked for by name: then absent data are an error."""
    from pathlib import Path

    from behavior.errors import UsageError
    from behavior.io.demo_project import shipped_project
    from behavior.workflows.benchmark import SIMULATED, Task, tasks_of

    demo, models = shipped_project()
    quick, seed, wanted = arguments.quick, arguments.seed, list(arguments.data)
    tasks: list[Task] = []
    if not arguments.profile or SIMULATED in wanted:
        seeds = range(seed, seed + arguments.banks)
        tasks += [Task(demo, name, "truth", quick, one, models) for name in TRUTHS for one in seeds]
        tasks += tasks_of(demo, SIMULATED, quick, seed, models)
    profiles = [Path(one) for one in arguments.profile] or _profiles_beside(demo)
    for profile in profiles:
        tasks += tasks_of(profile, "data", quick, seed)
    if wanted:
        known = [SIMULATED, *dict.fromkeys(task.name for task in tasks)]
        lost = [name for name in wanted if name not in known]
        if lost:
            raise UsageError(f"--data {', '.join(lost)}: expected one of {', '.join(known)}.")
        tasks = [task for task in tasks if task.name in wanted or (task.form != "data" and SIMULATED in wanted)]
    if not tasks:
        raise UsageError("no question to ask: the profiles have no [benchmark.NAME] section.")
    return tasks, bool(arguments.profile or wanted)


def _profiles_beside(demo: Path) -> list[Path]:
    """Profiles of the project that ask questions of data; none in a bare installation."""
    from behavior.io.profiles import load_profile

    others = [one for one in sorted(demo.parent.glob("*.toml")) if one != demo]
    return [one for one in others if load_profile(one).terms.benchmark]


def _print(console: Console, result: BenchmarkResult, quick: bool) -> None:
    for answer in result.answers:
        console.table(f"{answer.title} ({answer.protocol})", answer.summary.fillna("").to_dict("records"))
        console.say(f"  lowest: {answer.winner}")
        for note in answer.notes:
            console.say(f"  note: {shorten(note, NOTE_WIDTH, placeholder=' ... (whole in the report)')}")
    look = " (quick: a look, not evidence)" if quick else ""
    if result.truth_bars:
        console.table(f"Simulated bank, the truth being known{look}", result.truth_bars)
    if result.data_bars:
        console.table(f"Data, 90% intervals in brackets{look}", result.data_bars)


def _as_json(result: BenchmarkResult, written: dict[str, str]) -> dict[str, object]:
    return {
        "simulated": result.truth_bars,
        "data": result.data_bars,
        "answers": [_answer(one) for one in result.answers],
        "files": written,
    }


def _answer(answer: Answer) -> dict[str, object]:
    rows: Sequence[dict[str, object]] = answer.summary.to_dict("records")  # type: ignore[assignment]
    return {
        "data": answer.name,
        "title": answer.title,
        "protocol": answer.protocol,
        "winner": answer.winner,
        "summary": rows,
        "notes": list(answer.notes),
        "facts": dict(answer.facts),
    }
