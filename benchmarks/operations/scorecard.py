"""Runs the scorecard: plays dialogues, judges them, shows and writes what they come to."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.operations.data import Dialogue, is_held_out, read
from benchmarks.operations.judging import JudgedDialogue, judge
from benchmarks.operations.playing import play
from benchmarks.operations.scoring import by_category, mistake, score
from benchmarks.operations.showing import show, show_mistakes
from benchmarks.report import write_json
from engram_core import AsyncEngram


async def run(
    engine: AsyncEngram,
    paths: Sequence[Path],
    *,
    limit: int | None = None,
    json_path: Path | None = None,
    mistakes: bool = False,
    show_held_out: bool = False,
) -> None:
    """Score an engine on each file; print tables and, where asked, mistakes; write JSON where a path is given.

    Args:
        engine: Empty; every dialogue gets a user of its own in it.
        paths: Files of dialogues.
        limit: Only the first so many of each.
        json_path: Where the numbers go too. No text of a dialogue is among them.
        mistakes: Print the dialogues that went wrong.
        show_held_out: Print also those of the held-out file.
    """
    learner = engine.settings.llm or "rules"
    files = [(path, read(path, limit)) for path in paths]
    results = []
    for path, dialogues in files:
        texts = show_held_out or not is_held_out(path)
        with nullcontext() if texts else _quiet():
            judged, summary = await measure(engine, dialogues, label=path.name)
        show(path.name, learner, summary)
        if mistakes:
            show_mistakes(judged, summary["mistakes"], texts=texts)
        results.append({"file": path.name, **summary})
    if json_path is not None:
        write_json(json_path, "operations", {"learner": learner, "results": results})


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back the engine's warnings: they quote what a model answered about a dialogue."""
    logger = logging.getLogger("engram_core")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


async def measure(
    engine: AsyncEngram, dialogues: Sequence[Dialogue], *, label: str
) -> tuple[list[JudgedDialogue], dict[str, Any]]:
    """Play and judge dialogues; return them judged, and what they come to.

    Args:
        engine: Holds none of these dialogues yet.
        dialogues: With ids of their own.
        label: Makes their users different from those of other files, and is shown beside the progress.
    """
    before = await engine.usage()
    judged, seconds, unlearned = [], 0.0, 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        for dialogue in bar.track(dialogues, description=label):
            played = await play(engine, dialogue, f"{label}:{dialogue.id}")
            judged.append(judge(dialogue, played))
            seconds += played.seconds
            unlearned += played.unlearned
    used = {name: count - getattr(before, name) for name, count in asdict(await engine.usage()).items()}
    summary = {
        **score(judged).as_dict(),
        "seconds": seconds,
        "unlearned_calls": unlearned,
        "usage": used if any(used.values()) else None,
        "categories": {name: group.as_dict() for name, group in by_category(judged).items()},
        "mistakes": [mistake(dialogue) for dialogue in judged if not dialogue.is_flawless],
    }
    return judged, summary
