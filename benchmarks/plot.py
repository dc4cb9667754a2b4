"""Recall against tokens, drawn: one curve a ranker, each labelled where it ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from benchmarks.curves import RECALL, SHARE, Curve
from engram_core import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Drawn on a ground of its own, so that the file reads the same on a light and on a dark page.
GROUND, INK, FAINT = "#fcfcfa", "#2a2a2a", "#767672"
#: Colours that are told apart with any colour vision (Okabe & Ito 2008), without those too pale for a light ground.
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#2a2a2a", "#7a5c00", "#56b4e9")
#: Of these hits, a curve has a dot.
DOTS = (1, 5, 10, 20, 50)
#: The ranker whose dots are named.
NAMED = "acan"
#: Ablations stand back: they lie close to the ranker that they are part of.
ABLATED = "acan-without-"


def require() -> None:
    """Check that plots can be drawn.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise MissingExtraError("matplotlib", "test")


def draw(path: Path, curves: Mapping[str, Mapping[str, Curve]], token_name: str) -> None:
    """Draw the curves of each file side by side, as PNG.

    Args:
        path: Where to write; folders are made.
        curves: By file, then by ranker.
        token_name: What tokens are counted by.

    Raises:
        InvalidInputError: There is no curve.
        MissingExtraError: matplotlib is not installed.
    """
    require()
    drawn = {file: found for file, found in curves.items() if found}
    if not drawn:
        raise InvalidInputError("plot", str(path), "data with questions that have evidence")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    longest = max(len(found) for found in drawn.values())
    figure = Figure(figsize=(8.6 * len(drawn), max(5.4, 1.6 + 0.3 * longest)), facecolor=GROUND, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (file, found) in zip(figure.subplots(1, len(drawn), squeeze=False)[0], drawn.items(), strict=True):
        _panel(axes, file, found, token_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=150, facecolor=GROUND)


def _panel(axes: Axes, file: str, curves: Mapping[str, Curve], token_name: str) -> None:
    whole = next(iter(curves.values())).whole
    points = {name: points_of(curve) for name, curve in curves.items()}
    lowest = min(y[0] for _, y in points.values())
    floor = max(0.0, math.floor(20 * lowest) / 20)
    start = min(x[0] for x, _ in points.values()) / 1.4
    axes.set(xscale="log", xlim=(start, max(whole * 1.3, 5 * _column(points))), ylim=(floor, 1.0), facecolor=GROUND)
    axes.set_title(file, loc="left", color=INK, fontsize=12)
    axes.set_xlabel(f"tokens returned by the first 1 to 50 hits, on average ({token_name})", color=INK)
    axes.set_ylabel("recall of the evidence", color=INK)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    axes.tick_params(colors=INK, which="both")
    axes.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    _mark(axes, whole, floor)
    _lines(axes, points)
    _labels(axes, points, floor)


def points_of(curve: Curve) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return where a curve goes: tokens, and recall; a point without tokens has no place on a logarithmic axis."""
    kept = [(x, y) for x, y in zip(curve.tokens, curve.recall, strict=True) if x > 0]
    return tuple(x for x, _ in kept), tuple(y for _, y in kept)


def _mark(axes: Axes, whole: float, floor: float) -> None:
    """Mark what the full context costs, and the corner where much is found for little."""
    axes.axvline(whole, color=INK, linewidth=1.2, linestyle=(0, (5, 3)))
    axes.annotate(
        f"full context\n{whole:,.0f}",
        (whole, floor),
        xytext=(-6, 8),
        textcoords="offset points",
        ha="right",
        color=INK,
        fontsize=9,
    )
    axes.fill_between([1e-9, SHARE * whole], RECALL, 1.0, color="#009e73", alpha=0.08, linewidth=0)
    axes.annotate(
        f"at least {100 * RECALL:.0f}% for at most {100 * SHARE:.0f}% of the tokens",
        (axes.get_xlim()[0], 1.0),
        xytext=(6, -6),
        textcoords="offset points",
        va="top",
        color="#00704f",
        fontsize=9,
    )


def _lines(axes: Axes, points: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> None:
    for name, (x, y) in points.items():
        back = name.startswith(ABLATED)
        axes.plot(x, y, color=_colour(name, points), linewidth=0.9 if back else 2.0, zorder=2 if back else 3)
        dots = [k - 1 for k in DOTS if k <= len(x)]
        if not back:
            axes.plot([x[i] for i in dots], [y[i] for i in dots], "o", color=_colour(name, points), ms=4, zorder=4)
        for i in dots if name == NAMED else ():
            hits = "1 hit" if i == 0 else f"{i + 1}"
            axes.annotate(
                hits, (x[i], y[i]), xytext=(-4, 6), textcoords="offset points", ha="right", color=INK, fontsize=8
            )


def _labels(axes: Axes, points: Mapping[str, tuple[Sequence[float], Sequence[float]]], floor: float) -> None:
    """Write each name to the right of where its curve ends, moved up or down so that none covers another."""
    ends = {name: y[-1] for name, (_, y) in points.items()}
    height = axes.get_figure(root=True).get_size_inches()[1]  # type: ignore[union-attr]
    gap = (1.0 - floor) * 0.19 / height  # in inches, as high as a line
    for name, place in spread(ends, gap, top=1.0 - gap / 2).items():
        x, y = points[name]
        axes.annotate(
            name.removeprefix(f"{NAMED}-"),
            (x[-1], y[-1]),
            xytext=(_column(points), place),
            va="center",
            color=_colour(name, points),
            fontsize=9,
            zorder=5,
            bbox={"facecolor": GROUND, "edgecolor": "none", "pad": 0.5},
            arrowprops={
                "arrowstyle": "-",
                "color": _colour(name, points),
                "linewidth": 0.6,
                "shrinkA": 1,
                "shrinkB": 2,
                "relpos": (0.0, 0.5),  # from the left end of the name, not through it
            },
        )


def _column(points: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> float:
    """Return where names begin, to the right of all curves."""
    return 1.35 * max(x[-1] for x, _ in points.values())


def spread(places: Mapping[str, float], gap: float, top: float) -> dict[str, float]:
    """Move places apart: in their order, at least `gap` between two, none above `top`, and as near as that allows.

    The nearest by least squares, by pooling neighbours that are in each other's way (Ayer et al. 1955).
    """
    order = sorted(places, key=lambda name: (-places[name], name))
    pools: list[list[float]] = []  # of places on which the gaps are taken back: those must not rise
    for rank, name in enumerate(order):
        pools.append([places[name] + rank * gap])
        while len(pools) > 1 and fmean(pools[-1]) > fmean(pools[-2]):
            pools[-2:] = [pools[-2] + pools[-1]]
    level = [fmean(pool) for pool in pools for _ in pool]
    return {name: min(level[rank], top) - rank * gap for rank, name in enumerate(order)}


def _colour(name: str, names: Mapping[str, object]) -> str:
    if name.startswith(ABLATED):
        return FAINT
    main = sorted((one for one in names if not one.startswith(ABLATED)), key=lambda one: one != NAMED)
    return COLOURS[main.index(name) % len(COLOURS)]
