"""One lesson: extract → match → reconcile → embed → apply, exactly once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from engram_core.domain.change import Change, Op
from engram_core.domain.checks import clean_characters
from engram_core.domain.memory import Memory
from engram_core.domain.scope import Scope
from engram_core.errors import ConflictError, EngramError, ProviderError
from engram_core.ingest.consequences import forgotten, summaries_of, turns_in
from engram_core.ingest.learn.attributes import opposite
from engram_core.ingest.learn.candidate import Candidate, Extractor
from engram_core.ingest.learn.known import under_key
from engram_core.ingest.learn.recalled import without_recalled
from engram_core.ingest.learn.reconcile import Reconciler, Verdict, is_doubtful, statement_scope
from engram_core.ingest.learn.spoken import LastSaid
from engram_core.ingest.pending import try_vectors
from engram_core.ports import Embedder, Lesson, MemoryStore

logger = logging.getLogger(__name__)

#: Answers that cannot be used, after which a lesson is given up until somebody replays it.
MOST_FAILURES = 5
#: How often a lesson is reconciled anew because somebody changed its memories meanwhile.
_TRIES = 5
_NEIGHBOURS = 8
#: Characters kept of what went wrong.
_LONGEST_ERROR = 2000


class _ContendedError(Exception):
    """Others changed the memories of a lesson again and again."""


class Judge(Protocol):
    """Decides about candidates that rules cannot place."""

    async def judge(self, doubts: Sequence[tuple[Candidate, Sequence[Memory]]]) -> list[Verdict]:
        """Give a verdict for each candidate beside its neighbours, in one call."""
        ...


class Learner:
    """Learns lessons.

    Args:
        store: Open.
        embedder: Embeds new statements.
        extractor: Proposes candidates.
        judge: Asked about doubtful ones, once a lesson at most; None: they are added.
        clock: Tells the present time.
        delays: Seconds until a lesson is tried again: the first, doubled at each attempt up to the last.
    """

    def __init__(
        self,
        store: MemoryStore,
        embedder: Embedder,
        extractor: Extractor,
        judge: Judge | None,
        clock: Callable[[], datetime],
        *,
        delays: tuple[float, float] = (5.0, 300.0),
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._extractor = extractor
        self._judge = judge
        self._clock = clock
        self._delays = delays
        self._last = LastSaid()

    async def learn(self, lesson: Lesson) -> tuple[Change, ...] | None:
        """Learn a claimed lesson.

        Returns:
            What was decided; None when a model failed and the lesson waits for another attempt, or is dead.

        Raises:
            StoreUnavailableError: The store cannot be reached; the lesson comes back when its lease ends.
        """
        try:
            return await self._learn(lesson)
        except ProviderError as exc:
            await self._postpone(lesson, str(exc), failed=not exc.retryable)
            return None
        except _ContendedError as exc:
            await self._store.postpone_lesson(lesson.job, str(exc), self._delays[0])
            return None
        except asyncio.CancelledError:
            # Whoever comes next need not wait for the lease to end.
            await self._store.postpone_lesson(lesson.job, "interrupted", 0.0)
            raise
        except Exception as exc:  # a model of the user's own may raise anything; others' lessons are not to suffer
            if isinstance(exc, EngramError) and exc.retryable:
                raise
            logger.exception("%d turns could not be learned from", len(lesson.turns))
            await self._postpone(lesson, f"{type(exc).__name__}: {exc}", failed=True)
            return None

    async def _learn(self, lesson: Lesson) -> tuple[Change, ...]:
        read = [turn for turn in map(without_recalled, lesson.turns) if turn is not None]
        candidates = await self._extractor.extract(read) if read else []
        verdicts: dict[int, Verdict] | None = None
        for _ in range(_TRIES):
            scope = statement_scope(lesson.turns[0].scope) if lesson.turns else None
            changes: list[Change] = []
            if candidates and scope is not None:
                known = await self._known(scope, candidates)
                if verdicts is None:
                    verdicts = await self._verdicts(candidates, known)
                changes = await self._reconciled(lesson, scope, candidates, known, verdicts)
            try:
                done = await self._apply(lesson, changes)
            except ConflictError as exc:
                logger.info("memories changed while they were learned about, once more: %s", exc)
                continue
            self._last.note(lesson.turns)
            return tuple(changes) if done else ()
        raise _ContendedError("its memories change faster than they can be learned about")

    async def _known(self, scope: Scope, candidates: Sequence[Candidate]) -> list[Memory]:
        subjects = {candidate.claim.subject for candidate in candidates}
        return await self._store.statements(scope, subjects, self._clock())

    async def _verdicts(self, candidates: Sequence[Candidate], known: Sequence[Memory]) -> dict[int, Verdict]:
        """Ask the judge about all doubtful candidates at once; about none, when nothing is near."""
        doubts: dict[int, tuple[Candidate, list[Memory]]] = {}
        if self._judge is not None:
            for i, candidate in enumerate(candidates):
                near = _neighbours(candidate, known) if is_doubtful(candidate, known) else []
                if near:
                    doubts[i] = (candidate, near)
        if not doubts or self._judge is None:
            return {}
        verdicts = await self._judge.judge(list(doubts.values()))
        return dict(zip(doubts, verdicts, strict=True))

    async def _reconciled(
        self,
        lesson: Lesson,
        scope: Scope,
        candidates: Sequence[Candidate],
        known: Sequence[Memory],
        verdicts: dict[int, Verdict],
    ) -> list[Change]:
        turns = {turn.id: turn for turn in lesson.turns}
        sources = dict.fromkeys(id for memory in _questioned(candidates, known) for id in memory.sources)
        if wanted := [id for id in sources if id not in turns]:
            turns |= {turn.id: turn for turn in await turns_in(self._store, scope, wanted)}
        before = self._last.before(lesson.turns)
        reconciler = Reconciler(known, turns, scope, self._clock(), self._extractor.name, before=before)
        for i, candidate in enumerate(candidates):
            reconciler.decide(candidate, verdicts.get(i))
        reconciler.answer()
        changes = [*reconciler.changes]
        changes += await forgotten(self._store, changes, reconciler.forgotten)
        return [*changes, *await summaries_of(self._store, scope.tenant, changes)]

    async def _apply(self, lesson: Lesson, changes: Sequence[Change]) -> bool:
        new = [change.after for change in changes if change.after is not None and change.op in (Op.ADD, Op.UPDATE)]
        found = await try_vectors(new, self._embedder)
        return await self._store.apply(changes, found.vectors, tokens=found.tokens, lesson=lesson.job)

    async def _postpone(self, lesson: Lesson, error: str, *, failed: bool) -> None:
        """Give a lesson back: a model that is away is waited for; answers that cannot be used come to an end."""
        first, last = self._delays
        delay: float | None = min(first * 2 ** min(lesson.attempts - 1, 10), last)
        if lesson.failures + failed >= MOST_FAILURES:
            delay = None
        error = clean_characters(error)[:_LONGEST_ERROR]
        what = "given up" if delay is None else f"put off by {delay:.0f} s"
        logger.warning("%d turns are not learned from for now (%s): %s", len(lesson.turns), what, error)
        await self._store.postpone_lesson(lesson.job, error, delay, failed=failed)


def _neighbours(candidate: Candidate, known: Sequence[Memory]) -> list[Memory]:
    """Return what is known under the candidate's own key, the latest first."""
    return sorted(under_key(known, candidate.claim), key=lambda memory: memory.valid_from, reverse=True)[:_NEIGHBOURS]


def _questioned(candidates: Sequence[Candidate], known: Sequence[Memory]) -> Sequence[Memory]:
    """Return what is known and cannot be placed beside the candidates without the turns that say it.

    That is all of it where something is taken back, else what a candidate's time lies before, and what was said again.
    """
    if any(candidate.intent in ("deny", "forget") or candidate.instead_of is not None for candidate in candidates):
        return known
    return [memory for memory in known if any(_may_precede(candidate, memory) for candidate in candidates)]


def _may_precede(candidate: Candidate, memory: Memory) -> bool:
    """Tell whether a candidate is about the same as a statement, and may be older than its last word."""
    said, about = candidate.claim, memory.claim
    if about is None or said.subject != about.subject:
        return False
    is_unclear = candidate.valid_from < memory.valid_from or len(memory.sources) > 1
    return is_unclear and said.attribute in ("", about.attribute, opposite(about.attribute))
