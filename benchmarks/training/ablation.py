"""What each part of the ranker is worth: recall with and without it, on conversations that no fit has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.statistics import Mean, clustered_mean
from engram_core import Group, recalls_by_fold

#: Prefixes of the signals of each part, or their names.
PARTS: dict[str, tuple[str, ...]] = {
    "dense": ("dense",),
    "lexical": ("lexical",),
    "late interaction": ("late",),
    "turns beside": (
        "dense_before",
        "dense_after",
        "dense_bes",
        "dense_bey",
        "lexical_be",
        "lexical_af",
        "late_be",
        "late_af",
    ),
    "late window": ("late_window",),
    "speaker": ("speaker", "other_speaker", "assistant"),
    "chats apart": ("chat:", "long:"),
    "length of the question": ("long:",),
    "time": ("time",),
    "surface": ("words", "asks", "question", "digits", "times", "own", "names", "asked_before", "opens", "when"),
}


def without(names: Sequence[str], part: str) -> list[str]:
    """Return the names of signals that do not belong to a part."""
    return [name for name in names if not _of(name, PARTS[part])]


def groups_without(groups: Sequence[Group], part: str) -> list[Group]:
    """Take the signals of a part out of groups, so that not even a null slot that is fitted to them reads it."""
    return [
        replace(group, signals={name: group.signals[name] for name in without(list(group.signals), part)})
        for group in groups
    ]


def ablate(groups: Sequence[Group], names: Sequence[str]) -> list[tuple[str, str]]:
    """Return for each part the recall@10 that is lost without it, in points with its 95% interval by conversation."""
    whole = recalls_by_fold(groups, names)
    mean = clustered_mean([100 * value for _, value in whole], [cluster for cluster, _ in whole])
    rows = [("whole", _written(mean, signed=False))]
    for part in PARTS:
        rest = recalls_by_fold(groups, without(names, part))
        gains = [100 * (a - b) for (_, a), (_, b) in zip(whole, rest, strict=True)]
        rows.append((part, _written(clustered_mean(gains, [cluster for cluster, _ in whole]), signed=True)))
    return rows


def _of(name: str, prefixes: Sequence[str]) -> bool:
    bare = name.rpartition(":")[2]
    if bare == "times" and "time" in prefixes:  # a sign of the text, and no date
        return False
    return name.startswith(tuple(prefixes)) or bare.startswith(tuple(prefixes))


def _written(mean: Mean | None, *, signed: bool) -> str:
    if mean is None:
        return "–"
    sign = "+" if signed else ""
    interval = "" if mean.low is None or mean.high is None else f" [{mean.low:{sign}.2f}, {mean.high:{sign}.2f}]"
    return f"{mean.value:{sign}.2f}{interval}"
