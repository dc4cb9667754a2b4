"""`add_many` beside the bare embedder, on the same texts, in turns."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmarks.peers import default_embedder
from benchmarks.texts import Texts, spoken
from engram_core import AsyncEngram, Embedder, Message

ROUNDS = 4
_WARM_UP = 64


@dataclass(frozen=True, slots=True)
class Round:
    """Messages a second of both, one after the other."""

    bare: float
    add_many: float


async def measure(data_dir: Path, count: int, bar: Progress) -> dict[str, Any]:
    """Time both on `count` new messages a round.

    Which goes first changes from round to round, so that neither has the quieter half of a busy machine.

    Returns:
        The rounds, the medians in messages a second, and the median of the rounds' ratios.
    """
    embedder = default_embedder()
    texts = Texts()
    task = bar.add_task("add_many and bare embedder", total=ROUNDS)
    rounds = []
    async with AsyncEngram(data_dir=data_dir, embedder=embedder) as engine:
        await _bare(embedder, texts.messages(_WARM_UP))
        await _add(engine, texts.messages(_WARM_UP), "warm-up")
        for number in range(ROUNDS):
            messages = texts.messages(count)
            if number % 2:
                added = await _add(engine, messages, f"round-{number}")
                bare = await _bare(embedder, messages)
            else:
                bare = await _bare(embedder, messages)
                added = await _add(engine, messages, f"round-{number}")
            rounds.append(Round(count / bare, count / added))
            bar.advance(task)
    return {
        "messages": count,
        "bare_per_second": statistics.median(r.bare for r in rounds),
        "add_many_per_second": statistics.median(r.add_many for r in rounds),
        "ratio": statistics.median(r.add_many / r.bare for r in rounds),
        "rounds": [asdict(r) for r in rounds],
    }


async def _bare(embedder: Embedder, messages: list[Message]) -> float:
    texts = spoken(messages)
    start = time.perf_counter()
    await embedder.embed(texts)
    return time.perf_counter() - start


async def _add(engine: AsyncEngram, messages: list[Message], user_id: str) -> float:
    start = time.perf_counter()
    result = await engine.add_many(messages, user_id=user_id)
    seconds = time.perf_counter() - start
    if result.added != len(messages):
        raise RuntimeError(f"add_many stored {result.added} of {len(messages)} messages")
    return seconds
