"""Asks the questions of a conversation, some at a time, and keeps what comes of each."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import anyio

from benchmarks.datasets import Conversation, Question
from benchmarks.qa.agreement import declines
from benchmarks.qa.asking import Spent, answer, judge
from benchmarks.qa.contexts import Source
from benchmarks.qa.prompts import JUDGES, NOT_KNOWN
from benchmarks.qa.records import Record, Records
from benchmarks.retrieval import UNANSWERABLE
from engram_core import ChatModel, EngramError, InvalidOutputError, ProviderError

#: A model that fails so often in a row is away, or refuses everything: the run breaks off.
FAILURES_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class Models:
    """Who answers and who judges."""

    llm: ChatModel
    judge: ChatModel


def is_unanswerable(conversation: Conversation, question: Question) -> bool:
    """Tell whether the right answer to a question is that nothing is known."""
    return (conversation.dataset, question.category) in UNANSWERABLE


def chosen(conversation: Conversation, most: int | None) -> list[Question]:
    """Return the questions that can be judged, at most so many, spread evenly: a file may go category by category."""
    fit = [q for q in conversation.questions if q.answer.strip() or is_unanswerable(conversation, q)]
    if most is None or most >= len(fit):
        return fit
    return [fit[place * len(fit) // most] for place in range(most)]


class Player:
    """Asks questions and writes down what comes of them.

    Args:
        models: Who answers and who judges.
        records: Where each outcome goes as soon as it is there.
        count: Counts the tokens of a text.
        concurrency: Questions under way at a time.
    """

    def __init__(self, models: Models, records: Records, count: Callable[[str], int], concurrency: int) -> None:
        self._models = models
        self._records = records
        self._count = count
        self._concurrency = concurrency
        self._failed_in_a_row = 0

    async def play(
        self,
        conversation: Conversation,
        source: Source,
        questions: Sequence[tuple[str, Question]],
        done: Callable[[], None],
    ) -> None:
        """Ask (key, question) pairs; tell after each.

        Raises:
            EngramError: The store failed, or a model failed `FAILURES_IN_A_ROW` times. What was done is recorded.
        """

        async def one(key: str, question: Question) -> None:
            record, failure = await self._one(Record(key, question.id), conversation, source, question)
            self._records.append(record)
            done()
            self._note(failure)

        await _each(questions, one, self._concurrency)

    async def _one(
        self, record: Record, conversation: Conversation, source: Source, question: Question
    ) -> tuple[Record, ProviderError | None]:
        start = time.perf_counter()
        context = await source.context(question)
        record = replace(
            record, context_seconds=time.perf_counter() - start, context_tokens=self._count(context) if context else 0
        )
        spent = {"llm": Spent(), "judge": Spent()}
        try:
            said = await answer(self._models.llm, context, question.text, spent["llm"])
            record = replace(record, answer=said.answer.strip() if said.known else NOT_KNOWN, spent=spent)
            if not is_unanswerable(conversation, question):
                await self._judge(record, question, spent["judge"])
        except ProviderError as exc:
            return replace(record, failure=f"{type(exc).__name__}: {exc}", spent=spent), exc
        return record, None

    async def _judge(self, record: Record, question: Question, spent: Spent) -> None:
        given = record.answer or ""
        if declines(given) and not declines(question.answer):  # small judges would let it pass
            record.verdicts.update(dict.fromkeys(JUDGES, "wrong"))
            record.reasons.update(dict.fromkeys(JUDGES, "declined; nobody was asked"))
            return
        for how in JUDGES:
            verdict = await judge(self._models.judge, how, question.text, question.answer, given, spent)
            record.verdicts[how] = verdict.verdict
            record.reasons[how] = verdict.reason

    def _note(self, failure: ProviderError | None) -> None:
        """Count failures in a row; a model that answers nonsense is still there."""
        is_away = failure is not None and not isinstance(failure, InvalidOutputError)
        self._failed_in_a_row = self._failed_in_a_row + 1 if is_away else 0
        if self._failed_in_a_row >= FAILURES_IN_A_ROW:
            raise _Away(
                f"broke off after {self._failed_in_a_row} failures in a row ({failure}); "
                f"go on with --resume {self._records.path}"
            ) from failure


class _Away(EngramError):
    """A model is away, or refuses everything."""


async def _each(
    questions: Sequence[tuple[str, Question]], ask: Callable[[str, Question], Awaitable[None]], at_a_time: int
) -> None:
    """Ask questions, so many at a time; the first error that is ours ends all of them and is raised itself."""
    errors: list[EngramError] = []
    waiting = iter(questions)

    async def work() -> None:
        for key, question in waiting:
            try:
                await ask(key, question)
            except EngramError as exc:
                errors.append(exc)
                group.cancel_scope.cancel()
                return

    async with anyio.create_task_group() as group:
        for _ in range(min(at_a_time, len(questions))):
            group.start_soon(work)
    if errors:
        raise errors[0]
