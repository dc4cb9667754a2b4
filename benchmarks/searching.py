"""`search` beside the bare exact vector query, on the same rows, in turns."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from benchmarks.peers import FillEmbedder, Scan, default_embedder, exact_scan
from benchmarks.statistics import Latency
from benchmarks.texts import Texts
from engram_core import AsyncEngram, Recall

_WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Layout:
    """How many memories, and in how many scopes of equal size."""

    name: str
    memories: int
    scopes: int

    @property
    def users(self) -> list[str]:
        """One user a scope."""
        return [f"user-{number}" for number in range(self.scopes)]


async def measure(data_dir: Path, layout: Layout, queries: int, bar: Progress) -> dict[str, Any]:
    """Fill a store of its own and time searches in it, at random scopes that were all read before.

    Each question is asked three times, in an order that turns: by `search` with its vector ready, by `search` that
    embeds it, and by the bare query.
    """
    questions_embedder = default_embedder()
    embedder = FillEmbedder(questions_embedder)
    texts = Texts(seed=1)
    engine = AsyncEngram(data_dir=data_dir, embedder=embedder)
    try:
        async with engine, exact_scan(engine.settings) as scan:
            filled = await _fill(engine, layout, texts, bar)
            asked = Asked(engine, embedder, scan)
            await _ask_all(asked, layout, texts, queries, bar)
    finally:
        await questions_embedder.close()
    return {
        "layout": layout.name,
        "memories": layout.memories,
        "scopes": layout.scopes,
        "filled_per_second": filled,
        **asked.summary(),
    }


async def _fill(engine: AsyncEngram, layout: Layout, texts: Texts, bar: Progress) -> float:
    """Add the memories; return messages a second, vectors for nothing."""
    task = bar.add_task(f"{layout.name}, {layout.memories:,}: filling", total=layout.memories)
    seconds, share = 0.0, layout.memories // layout.scopes
    for user in layout.users:
        messages = texts.messages(share)
        start = time.perf_counter()
        await engine.add_many(messages, user_id=user)
        seconds += time.perf_counter() - start
        bar.advance(task, share)
    return layout.memories / seconds


async def _ask_all(asked: Asked, layout: Layout, texts: Texts, queries: int, bar: Progress) -> None:
    task = bar.add_task(f"{layout.name}, {layout.memories:,}: searching", total=queries)
    questions = texts.questions(queries)
    await asked.prepare(layout.users, texts.questions(_WARM_UP), questions)
    users = np.random.default_rng(2).choice(layout.users, queries)
    for number, (question, user) in enumerate(zip(questions, users, strict=True)):
        await asked.ask(question, str(user), turn=number)
        bar.advance(task)


class Asked:
    """Times the three ways to ask, one question at a time."""

    def __init__(self, engine: AsyncEngram, embedder: FillEmbedder, scan: Scan) -> None:
        self._engine = engine
        self._embedder = embedder
        self._scan = scan
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._steps: dict[str, list[float]] = defaultdict(list)

    async def prepare(self, users: list[str], warm_up: list[str], questions: list[str]) -> None:
        """Embed the questions, and read every scope before anything is timed."""
        await self._embedder.prepare([*warm_up, *questions])
        for number in range(max(len(users), len(warm_up))):
            user, question = users[number % len(users)], warm_up[number % len(warm_up)]
            await self.ask(question, user, turn=number)
        self._seconds.clear()
        self._steps.clear()

    async def ask(self, question: str, user: str, *, turn: int) -> None:
        """Ask in all three ways, starting with another one each turn."""
        ways = [self._search, self._search_embedding, self._bare]
        for shift in range(len(ways)):
            await ways[(turn + shift) % len(ways)](question, user)

    async def _search(self, question: str, user: str) -> None:
        self._embedder.is_prepared = True
        recall = await self._timed("search", self._engine.search(question, user_id=user))
        for step, seconds in recall.timings.items():
            self._steps[step].append(seconds)

    async def _search_embedding(self, question: str, user: str) -> None:
        self._embedder.is_prepared = False
        await self._timed("search_with_embedding", self._engine.search(question, user_id=user))

    async def _bare(self, question: str, user: str) -> None:
        start = time.perf_counter()
        rows = await self._scan(user, self._embedder.prepared(question))
        self._seconds["bare"].append(time.perf_counter() - start)
        if not rows:
            raise RuntimeError(f"the bare query found no vectors of {user}")

    async def _timed(self, name: str, search: Awaitable[Recall]) -> Recall:
        start = time.perf_counter()
        recall = await search
        self._seconds[name].append(time.perf_counter() - start)
        if recall.degraded or not recall.hits:
            raise RuntimeError(f"a search was incomplete: {dict(recall.degraded)}")
        return recall

    def summary(self) -> dict[str, Any]:
        """Return latencies in milliseconds, and the ratios of search without embedding to the bare query."""
        latencies = {name: Latency.of(values) for name, values in self._seconds.items()}
        search, bare = latencies["search"], latencies["bare"]
        return {
            **{f"{name}_ms": latency.as_dict() for name, latency in latencies.items()},
            "ratio": {"p50": search.p50 / bare.p50, "p95": search.p95 / bare.p95},
            "steps_ms": {step: Latency.of(values).as_dict() for step, values in self._steps.items()},
        }
