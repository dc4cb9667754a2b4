"""Runs the question answering: remembers, asks, judges, shows and writes what it comes to."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.datasets import Conversation, Question, read
from benchmarks.qa import prompts
from benchmarks.qa.asking import Spent
from benchmarks.qa.contexts import Searched, Source, Whole
from benchmarks.qa.playing import Models, Player, chosen, is_unanswerable
from benchmarks.qa.records import Record, Records, key_of
from benchmarks.qa.scoring import DEFECTS, Outcome, spending, summarise
from benchmarks.qa.showing import show
from benchmarks.report import write_json
from benchmarks.tokens import token_counter
from engram_core import AsyncEngram, ChatModel, ConfigError, InvalidInputError, __version__, build_chat_model

Prices = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Options:
    """How to run.

    Attributes:
        llm: Who answers, as `provider:model`.
        judge: Who judges.
        limit: Only the first so many conversations of each file.
        questions: Only so many questions a conversation, spread over it.
        budget: Tokens that a context may take.
        full_context: Give the whole conversation instead of a context.
        concurrency: Questions under way at a time.
        llm_price: Of a million tokens sent and of a million answered; None: not known.
        judge_price: The same for the judge; None: the llm's where both are the same model, else not known.
    """

    llm: str
    judge: str
    limit: int | None = None
    questions: int | None = None
    budget: int = 2000
    full_context: bool = False
    concurrency: int = 4
    llm_price: Prices | None = None
    judge_price: Prices | None = None

    def check(self) -> None:
        """Check the numbers.

        Raises:
            InvalidInputError: One is out of its bounds.
        """
        for name in ("limit", "questions", "budget", "concurrency"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise InvalidInputError(f"--{name}", number, "an integer of at least 1")
        for name, prices in (("--llm-price", self.llm_price), ("--judge-price", self.judge_price)):
            if prices is not None and not all(0 <= price < float("inf") for price in prices):
                raise InvalidInputError(name, prices, "prices of at least 0")

    @property
    def settings(self) -> dict[str, Any]:
        """What decides about answers and verdicts: a file of answers goes on with the same alone."""
        return {
            "llm": self.llm,
            "judge": self.judge,
            "budget": None if self.full_context else self.budget,
            "full_context": self.full_context,
            "prompts": prompts.digest(),
            "engram": __version__,
        }

    @property
    def prices(self) -> dict[str, Prices | None]:
        """The prices by role."""
        judge = self.judge_price or (self.llm_price if self.judge == self.llm else None)
        return {"llm": self.llm_price, "judge": judge}


async def run(
    engine: AsyncEngram,
    paths: Sequence[Path],
    options: Options,
    *,
    json_path: Path | None = None,
    resume: Path | None = None,
) -> None:
    """Answer and judge the questions of each file; print tables, and write JSON where a path is given.

    Args:
        engine: Remembers each conversation under a user of its own; not opened where it is not needed.
        paths: Files of conversations.
        options: How to run.
        json_path: Where the numbers go too.
        resume: Keeps answers and verdicts, and holds those that are not to be asked for again; default: a new file in
            the current folder.

    Raises:
        InvalidInputError: An option, a file of conversations or the file of answers is not acceptable.
        ConfigError: There is no such model.
        EngramError: The store failed, or a model again and again; the file of answers holds what was done.
    """
    options.check()
    files = [(path, list(read(path, options.limit))) for path in paths]
    settings = {**options.settings, "embedder": None if options.full_context else engine.settings.embedder}
    answers = resume or Path(f"qa-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.jsonl")
    async with AsyncExitStack() as stack:
        models = Models(_model("--llm", options.llm, stack), _model("--judge", options.judge, stack))
        records = stack.enter_context(Records(answers, settings))
        print(f"answers and verdicts: {answers}", file=sys.stderr)
        session = _Session(engine, models, records, options)
        results = [await session.file(path, conversations) for path, conversations in files]
    if json_path is not None:
        write_json(json_path, "qa", {**settings, "answers": str(answers), "results": results})


def _model(name: str, given: str, stack: AsyncExitStack) -> ChatModel:
    try:
        model = build_chat_model(AsyncEngram(database_url="memory://", llm=given).settings)
    except ConfigError as exc:
        raise ConfigError(f"{name} {given!r}: {exc}") from exc
    if model is None:
        raise InvalidInputError(name, given, "openai:<model>, ollama:<model>")
    stack.push_async_callback(model.close)
    return model


class _Session:
    """One run over files: the same models, the same file of answers."""

    def __init__(self, engine: AsyncEngram, models: Models, records: Records, options: Options) -> None:
        self._engine = engine
        self._records = records
        self._options = options
        self._tokens, count = token_counter()
        self._player = Player(models, records, count, options.concurrency)

    async def file(self, path: Path, conversations: Sequence[Conversation]) -> dict[str, Any]:
        """Ask what is still to be asked about a file, show and return what all of it comes to."""
        asked = [(c, [(key_of(c, q), q) for q in chosen(c, self._options.questions)]) for c in conversations]
        start = time.perf_counter()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            questions = bar.add_task(f"{path.name}: questions", total=sum(len(pairs) for _, pairs in asked))
            for conversation, pairs in asked:
                left = [(key, question) for key, question in pairs if not self._records.is_done(key)]
                bar.advance(questions, len(pairs) - len(left))
                if left:
                    await self._conversation(conversation, left, bar, lambda: bar.advance(questions))
        summary = self._summary(conversations, asked, time.perf_counter() - start)
        show(path.name, self._options.settings, summary)
        return {"file": path.name, **summary}

    async def _conversation(
        self, conversation: Conversation, left: list[tuple[str, Question]], bar: Progress, done: Callable[[], None]
    ) -> None:
        source = self._source(conversation)
        turns = bar.add_task(f"{conversation.id}: turns", total=len(conversation.turns))
        await source.remember(functools.partial(_tell, bar, turns))
        bar.remove_task(turns)
        await self._player.play(conversation, source, left, done)

    def _source(self, conversation: Conversation) -> Source:
        if self._options.full_context:
            return Whole(conversation)
        return Searched(self._engine, conversation, self._options.budget)

    def _summary(
        self,
        conversations: Sequence[Conversation],
        asked: Sequence[tuple[Conversation, Sequence[tuple[str, Question]]]],
        seconds: float,
    ) -> dict[str, Any]:
        outcomes, spent = [], {"llm": Spent(), "judge": Spent()}
        for conversation, pairs in asked:
            for key, question in pairs:
                record = self._records.get(key) or Record(key, question.id, failure="not asked")
                unanswerable = is_unanswerable(conversation, question)
                outcomes.append(Outcome(conversation.id, question.category, question.answer, unanswerable, record))
                for role, took in self._records.spent(key).items():
                    spent[role].add(took)
        datasets = sorted({conversation.dataset for conversation in conversations})
        return {
            **summarise(outcomes),
            "datasets": datasets,
            "tokens": self._tokens,
            "without_gold": sum(len(c.questions) - len(chosen(c, None)) for c in conversations),
            "seconds": seconds,
            "spent": spending(spent, self._options.prices),
            "known_defects": [defect for dataset in datasets for defect in DEFECTS.get(dataset, ())],
        }


def _tell(bar: Progress, task: Any, stored: int) -> None:
    bar.update(task, completed=stored)
