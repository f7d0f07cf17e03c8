"""Exhibits as SVG: the same data gives the same bytes, axes carry their units, and nothing points outside the file."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle, takewhile
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import Formatter, MaxNLocator

from behavior.kinds.base import Exhibit
from behavior.quantities import FloatArray

INK, GRID, MUTED = "#24292f", "#e3e6ea", "#6b7280"
COLOURS = ("#1f4e79", "#c8553d", "#4f8a5b", "#8a6aa0", "#a97f1b", "#3f8f9e", "#7d5a50", "#555b6e")
# Several colours are one grey: lines differ by their dashes too, so that a grey print and a colour-blind reader lose
# nothing.
DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (5, 1.5, 1.2, 1.5)),
    (0, (2.5, 1.2)),
    (0, (9, 2)),
    (0, (5, 1.2, 1.2, 1.2, 1.2, 1.2)),
    (0, (9, 1.5, 2.5, 1.5)),
    (0, (1.2, 0.8)),
)
REALISED = ("realised", "actual", "ledger")
REFERENCE = (*REALISED, "base")
SETTINGS: Mapping[str, Any] = {
    "svg.hashsalt": "behavior",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "axes.unicode_minus": True,
    # Names are a bank's own: two dollar signs in one are an amount, not a formula.
    "text.parse_math": False,
}
WIDTH, HEIGHT = 7.4, 3.1
MOST_DECIMALS = 6
MOST_POINTS = 1500
MOST_POINTS_A_ROW = 220
LONG_LABEL = 13
LETTER = 0.077
MOST_LETTERS = 85
LONGEST_LABEL, LONGEST_SERIES = 44, 76
"""Letters of a name that leave room for the picture itself; the table beside it has the whole name."""


def draw(exhibit: Exhibit) -> str:
    """SVG text of an exhibit of form ``lines``, ``bars``, ``scatter`` or ``beeswarm``."""
    with mpl.rc_context(dict(SETTINGS)):
        canvas = Canvas(figsize=(WIDTH, HEIGHT))
        FigureCanvasSVG(canvas)
        axes = canvas.subplots()
        _calm(axes)
        FORMS[exhibit.form](axes, exhibit.data, exhibit)
        _leave_room(canvas, axes)
        return _svg(canvas)


def _lines(axes: Any, data: pd.DataFrame, exhibit: Exhibit) -> None:
    place, labels = _positions(data.iloc[:, 0])
    names = _series(data)
    dashes = dict(zip((one for one in names if not one.lower().startswith(REFERENCE)), cycle(DASHES), strict=False))
    for number, name in enumerate(names):
        colour, realised = _colour(name, number), name.lower().startswith(REALISED)
        values = data[name].to_numpy(np.float64)
        if f"{name}_lower" in data:
            low, high = (data[f"{name}_{end}"].to_numpy(np.float64) for end in ("lower", "upper"))
            # Of several bands each has its line's colour; beside one line the legend says what the shade is.
            label = f"{name}, band" if len(names) == 1 else None
            axes.fill_between(place, low, high, color=colour, alpha=0.15, linewidth=0, label=label)
        marker = "o" if labels is not None or len(data) <= 14 or (realised and len(data) <= 60) else ""
        width, ink = (1.0, 1.0) if realised else (1.7, 0.95)
        line = axes.plot(
            place,
            values,
            color=colour,
            linewidth=width,
            linestyle=dashes.get(name, "-"),
            alpha=ink,
            marker=marker,
            markersize=3,
            label=name,
        )
        if realised and not marker:
            # What happened stays visible where the model lies on top of it.
            line[0].set(linestyle=(0, (1.5, 1.5)), linewidth=1.8, zorder=5)
    _label_places(axes, place, labels, data.iloc[:, 0])
    _finish(axes, exhibit)


def _bars(axes: Any, data: pd.DataFrame, exhibit: Exhibit) -> None:
    labels = _shortened(data.iloc[:, 0])
    sideways = max(map(len, labels), default=0) > LONG_LABEL or sum(map(len, labels)) + 2 * len(labels) > MOST_LETTERS
    names, place = _series(data), np.arange(len(labels), dtype=np.float64)
    mirrored = _is_mirrored(data, names)
    thick = 0.78 / (1 if mirrored else max(len(names), 1))
    if sideways:
        axes.figure.set_size_inches(
            WIDTH, max(HEIGHT, 0.9 + 0.2 * len(labels) * max(1.0, 0.6 * len(names) * (not mirrored)))
        )
    for number, name in enumerate(names):
        at = place if mirrored else place + (number - (len(names) - 1) / 2) * thick
        draw_bar = axes.barh if sideways else axes.bar
        colour = _colour(name, number)
        draw_bar(at, data[name].to_numpy(np.float64), thick * 0.92, color=colour, label=name, zorder=2)
        _whiskers(axes, data, name, at, sideways)
    _name_categories(axes, labels, place, sideways)
    _finish(axes, exhibit, swap=sideways)
    axes.grid(visible=False, axis="y" if sideways else "x")
    (axes.axvline if sideways else axes.axhline)(0, color=MUTED, linewidth=0.8, zorder=3)


def _is_mirrored(data: pd.DataFrame, names: Sequence[str]) -> bool:
    """Two series that point opposite ways share their places."""
    if len(names) != 2:
        return False
    first, second = (data[name].to_numpy(np.float64) for name in names)
    return bool((first >= 0).all() and (second <= 0).all() and (first > 0).any() and (second < 0).any())


def _whiskers(axes: Any, data: pd.DataFrame, name: str, at: FloatArray, sideways: bool) -> None:
    if f"{name}_lower" not in data:
        return
    value = data[name].to_numpy(np.float64)
    reach = np.vstack([value - data[f"{name}_lower"], data[f"{name}_upper"] - value]).clip(min=0)
    error = {"xerr": reach} if sideways else {"yerr": reach}
    where = (value, at) if sideways else (at, value)
    axes.errorbar(*where, **error, fmt="none", ecolor=INK, elinewidth=0.8, capsize=2, zorder=4)


def _name_categories(axes: Any, labels: Sequence[str], place: FloatArray, sideways: bool) -> None:
    if sideways:
        axes.set_yticks(place, labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
    else:
        axes.set_xticks(place, labels)


def _scatter(axes: Any, data: pd.DataFrame, exhibit: Exhibit) -> None:
    shown = data.iloc[_thinned(len(data), MOST_POINTS)]
    axes.scatter(
        shown.iloc[:, 0].to_numpy(np.float64),
        shown.iloc[:, 1].to_numpy(np.float64),
        s=7,
        color=COLOURS[0],
        alpha=0.35,
        linewidths=0,
    )
    axes.axhline(0, color=MUTED, linewidth=0.8)
    _finish(axes, exhibit)


def _beeswarm(axes: Any, data: pd.DataFrame, exhibit: Exhibit) -> None:
    """One row a feature; each dot a contribution, coloured from low (light) to high (dark) value of the feature."""
    features = list(dict.fromkeys(data["feature"]))
    axes.figure.set_size_inches(WIDTH, 0.9 + 0.36 * len(features))
    shades = mpl.colormaps["viridis"].reversed()
    for row, name in enumerate(features):
        part = data[data["feature"] == name]
        part = part.iloc[_thinned(len(part), MOST_POINTS_A_ROW)]
        value, x = part["value"].to_numpy(np.float64), part["contribution"].to_numpy(np.float64)
        rank = pd.Series(value).rank(pct=True).to_numpy()
        colours = [shades(round(float(one), 1)) if np.isfinite(one) else MUTED for one in rank]
        axes.scatter(x, row + _swarm(x), s=7, c=colours, alpha=0.8, linewidths=0)
    axes.set_yticks(range(len(features)), _shortened(features))
    axes.set_ylim(len(features) - 0.4, -0.6)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_xlabel(exhibit.x_label)
    axes.grid(visible=False, axis="y")
    axes.set_title(
        "light = low value of the input, dark = high, grey = unknown or without order",
        fontsize=8,
        color=MUTED,
        loc="right",
    )


def _swarm(x: FloatArray) -> FloatArray:
    """Vertical offsets that spread dots where they are dense; no randomness, so the same data looks the same."""
    if len(x) == 0 or np.ptp(x) == 0:
        return np.linspace(-0.3, 0.3, len(x))
    bins = np.floor((x - x.min()) / np.ptp(x) * 60).astype(np.int64)
    order = pd.Series(bins).groupby(bins).cumcount().to_numpy()
    largest = max(int(np.bincount(bins).max()), 12)
    side = np.where(order % 2 == 0, 1.0, -1.0)
    return np.asarray(side * ((order + 1) // 2) * 2 * 0.36 / largest)


FORMS: Mapping[str, Callable[[Any, pd.DataFrame, Exhibit], None]] = {
    "lines": _lines,
    "bars": _bars,
    "scatter": _scatter,
    "beeswarm": _beeswarm,
}


def _series(data: pd.DataFrame) -> list[str]:
    return [str(name) for name in data.columns[1:] if not str(name).endswith(("_lower", "_upper"))]


def _colour(name: str, number: int) -> str:
    return INK if name.lower().startswith(REFERENCE) else COLOURS[number % len(COLOURS)]


def _positions(column: pd.Series) -> tuple[Any, list[str] | None]:
    if pd.api.types.is_datetime64_any_dtype(column):
        return _days(column), None
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(np.float64), None
    return np.arange(len(column), dtype=np.float64), _shortened(column)


def _shortened(names: Iterable[object], most: int = LONGEST_LABEL) -> list[str]:
    """Names that leave room for the picture: of long ones beginning and end or, where they share these, the rest."""
    texts = [str(name) for name in names]
    short = [_short(text, most) for text in texts]
    if len(set(short)) == len(set(texts)):
        return short
    head, tail = _in_common(texts), _in_common([text[::-1] for text in texts])
    return [_short(f"…{text[head : max(head, len(text) - tail)]}…", most) for text in texts]


def _in_common(texts: Sequence[str]) -> int:
    """Letters that all texts begin with."""
    return sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False)))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]}…{text[len(text) - (most - 1) // 2 :]}"


def _days(column: pd.Series) -> Any:
    """Days on the axis; month ends stand at their month's first day, where the axis writes the month's name."""
    known = column.dropna()
    if len(known) and bool(known.dt.is_month_end.all()):
        return column.to_numpy().astype("datetime64[M]").astype("datetime64[D]")
    return column.to_numpy().astype("datetime64[D]")


def _label_places(axes: Any, place: Any, labels: list[str] | None, column: pd.Series) -> None:
    if pd.api.types.is_datetime64_any_dtype(column):
        locator = AutoDateLocator(minticks=4, maxticks=9)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    elif labels is not None:
        crowded = sum(map(len, labels)) > MOST_LETTERS
        slant = {"rotation": 25, "ha": "right"} if crowded else {}
        axes.set_xticks(place, labels, **slant)
    elif bool(np.all(np.asarray(place, dtype=np.float64) % 1 == 0)):  # months and years: no half of one is marked
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _finish(axes: Any, exhibit: Exhibit, swap: bool = False) -> None:
    names = (exhibit.y_label, exhibit.x_label) if swap else (exhibit.x_label, exhibit.y_label)
    axes.set_xlabel(names[0])
    axes.set_ylabel("" if swap else names[1])
    (axes.xaxis if swap else axes.yaxis).set_major_formatter(Tidy())
    (axes.xaxis if swap else axes.yaxis).set_major_locator(MaxNLocator(6))
    handles, names_drawn = axes.get_legend_handles_labels()
    labels = _shortened(names_drawn, LONGEST_SERIES)
    if len(labels) > 1:
        longest = max(map(len, labels))
        columns = max(1, min(len(labels), 4, int((WIDTH - 0.8) / (LETTER * longest + 0.62))))
        rows = -(-len(labels) // columns)
        axes.legend(
            handles,
            labels,
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            ncols=columns,
            frameon=False,
            fontsize=8.5,
            handlelength=2.6,
        )
        axes.figure.set_size_inches(axes.figure.get_figwidth(), axes.figure.get_figheight() + 0.2 * (rows - 1))


class Tidy(Formatter):
    """Ticks as people write them: thousands parted, the same decimals on every tick, a true minus sign."""

    def __call__(self, value: float, position: int | None = None) -> str:
        """One number on its own."""
        return self.format_ticks([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Texts of all ticks of an axis."""
        places = np.unique(np.asarray(values, dtype=np.float64))
        step = float(np.diff(places).min()) if len(places) > 1 else abs(float(places[0])) or 1.0
        decimals = max(0, int(np.ceil(-np.log10(step) - 1e-9)))
        if decimals > MOST_DECIMALS:
            return [f"{float(one):.1e}".replace("-", "−") if one else "0" for one in values]
        # A step of 0.25 needs one decimal more than its size says.
        decimals += int(abs(round(step, decimals) - step) > 1e-6 * step)
        return [f"{round(float(one), decimals) + 0.0:,.{decimals}f}".replace("-", "−") for one in values]


def _leave_room(canvas: Canvas, axes: Any) -> None:
    """Margins from the lengths of labels: a layout engine would draw every picture twice to measure them."""
    width, height = canvas.get_size_inches()
    ticks = axes.yaxis.get_major_formatter().format_ticks(axes.get_yticks())
    left = 0.3 + LETTER * max((len(text) for text in ticks), default=1) + (0.2 if axes.get_ylabel() else 0.0)
    names = [text.get_text() for text in axes.get_xticklabels()]
    slanted = any(text.get_rotation() for text in axes.get_xticklabels())
    longest = max((len(name) for name in names), default=1)
    bottom = 0.34 + (0.2 if axes.get_xlabel() else 0.0) + (0.43 * LETTER * longest if slanted else 0.0)
    if slanted:
        left = max(left, 0.9 * LETTER * len(names[0]) - 0.2)
    legend = axes.get_legend()
    rows = 0 if legend is None else -(-len(legend.get_texts()) // legend._ncols)
    top = 0.12 + 0.2 * max(rows, 1 if axes.get_title(loc="right") else 0)
    canvas.subplots_adjust(left / width, bottom / height, 1.0 - 0.3 / width, 1.0 - top / height)


def _calm(axes: Any) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=2.5, width=0.6)


def _thinned(count: int, most: int) -> Any:
    """Evenly spread places, so that a thinned picture keeps its shape."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(np.int64)


def _svg(canvas: Canvas) -> str:
    buffer = io.StringIO()
    # Straight to the backend: `savefig` would draw everything once more to measure it.
    FigureCanvasSVG(canvas).print_svg(buffer, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 sans-serif", text)
    return re.sub(r"<[^>]+>", lambda tag: _shorter(tag.group()), text).strip()


def _shorter(tag: str) -> str:
    """Coordinates to a hundredth of a point: half the bytes, the same picture."""
    return re.sub(r"-?\d+\.\d{3,}(?:e-?\d+)?", lambda number: f"{float(number.group()):.2f}", tag)
