"""Verbs that fit the ranker to this deployment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

from anyio import to_thread

from engram_core.domain.checks import check_limit, check_text
from engram_core.domain.results import Hit
from engram_core.domain.selection import Selection
from engram_core.domain.tuning import Training, Tuning
from engram_core.engine.finding import Finding
from engram_core.engine.grading import Grader, Verdict
from engram_core.engine.verdicts import Verdicts
from engram_core.errors import ConfigError, InvalidInputError, InvalidOutputError, ProviderError
from engram_core.ingest.learn.prompting import Prompts
from engram_core.ports import ChatModel, LabelledQuestion, Ranker, question_key
from engram_core.retrieval.acan import AcanRanker
from engram_core.retrieval.acan.model import save_weights
from engram_core.retrieval.acan.tuning import fitting, tune

#: How many hits of a question the judge's are taken from.
_RETRIEVED = 100
#: After so many questions in a row for which the judge was not there, it is not asked for the others.
_PATIENCE = 3

Outcome = Verdict | ProviderError | None


class Fitting(Finding):
    """`tune_ranker` and `train_ranker`."""

    async def tune_ranker(self, path: str | Path) -> Tuning:
        """Refit the ranker to the tenant's feedback, and write it where it wins on feedback that it has not seen.

        The weights are held to the present ones, so that little feedback moves them little. Folds of questions are
        held out; the refit is kept where the share of (useful, useless) pairs in the right order grows by more than
        chance. It takes 30 questions with feedback of both kinds. The weights are used once `ranker`
        (`ENGRAM_RANKER`) names the file. A present ranker that was fitted to the same feedback is not beaten by it.

        Args:
            path: Where the weights are written; it is left alone where the refit does not win.

        Raises:
            InvalidInputError: The file cannot be written.
            ConfigError: The ranker in use has no weights.
            MissingExtraError: torch is not installed; the extra is `train`.
        """
        out = _check_path(path)
        backend = await self._backend.opened()
        present = await _ready(backend.ranker)
        questions = [question async for question in backend.store.labels(self._tenant)]
        return await _tuned(present, questions, out)

    async def train_ranker(
        self,
        questions: Sequence[str],
        path: str | Path,
        *,
        judge: ChatModel | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        concurrency: int = 4,
        progress: Callable[[int], object] | None = None,
    ) -> Training:
        """Let a language model judge what is retrieved for questions, and refit the ranker to its verdicts.

        Up to 20 memories of a question are shown to the model, in an order that does not tell their rank, and the
        refit is tested and written as `tune_ranker` does. Verdicts are kept in `PATH.verdicts.jsonl`, without words:
        a run that was interrupted goes on, and what was judged is not paid for again. A question whose verdict cannot
        be used is passed over.

        Args:
            questions: As they would be asked; repeated ones count once.
            path: Where the weights are written.
            judge: The model; default: the one that learns (`llm`). It is not closed.
            user_id: Whose memories are searched.
            agent_id: Those with this agent.
            session_id: Those of this conversation.
            concurrency: Questions at once, 1 to 100.
            progress: Called with the number of questions that are done.

        Raises:
            InvalidInputError: The scope is empty, there is no question, or the file cannot be written.
            ConfigError: There is no model, or the ranker in use has no weights.
            ProviderError: The model refuses, or was not there for several questions in a row; verdicts are kept.
            MissingExtraError: torch is not installed; the extra is `train`.
        """
        selection = self._selection(user_id, agent_id, session_id, None, None, None)
        distinct = _check_questions(questions)
        check_limit("concurrency", concurrency, most=100)
        if judge is not None and not isinstance(judge, ChatModel):
            raise InvalidInputError("judge", judge, "a ChatModel, or None for the model that learns")
        out = _check_path(path)
        backend = await self._backend.opened()
        model = backend.model if judge is None else judge
        if model is None:
            raise ConfigError("training needs a judge: pass `judge`, or set ENGRAM_LLM")
        present = await _ready(backend.ranker)
        with _written(out):
            verdicts = Verdicts(out.with_name(f"{out.name}.verdicts.jsonl"))
            grader = Grader(model, backend.meter, Prompts(backend.prompts_dir), verdicts)
            outcomes = await self._judged(distinct, selection, grader, concurrency, progress)
        said = [outcome for outcome in outcomes if isinstance(outcome, Verdict)]
        tuning = await _tuned(present, [verdict.question for verdict in said], out)
        known = sum(verdict.known for verdict in said)
        not_found = outcomes.count(None)
        unusable = len(outcomes) - len(said) - not_found
        return Training(tuning, len(distinct), len(said) - known, known, not_found, unusable)

    async def _judged(
        self,
        questions: Sequence[str],
        selection: Selection,
        grader: Grader,
        concurrency: int,
        progress: Callable[[int], object] | None,
    ) -> list[Outcome]:
        """Have every question judged, some at once; a failure of the judge is the outcome of its question."""
        outcomes: list[Outcome] = []
        for start in range(0, len(questions), concurrency):
            batch = [self._judge(question, selection, grader) for question in questions[start : start + concurrency]]
            for outcome in await asyncio.gather(*batch, return_exceptions=True):
                if isinstance(outcome, BaseException) and not _is_passed_over(outcome):
                    raise outcome
                outcomes.append(outcome)
            _check_judge_is_there(outcomes)
            if progress is not None:
                progress(len(outcomes))
        return outcomes

    async def _judge(self, question: str, selection: Selection, grader: Grader) -> Verdict | None:
        _, recall = await self._found(question, selection, _RETRIEVED)
        hits: Sequence[Hit] = recall.hits
        return await grader.grade(question_key(selection.scope, question), question, hits) if hits else None


def _is_passed_over(error: BaseException) -> TypeGuard[ProviderError]:
    """Tell whether the next question may fare better: an answer was of no use, or the judge is away for now."""
    return isinstance(error, ProviderError) and (error.retryable or isinstance(error, InvalidOutputError))


def _check_judge_is_there(outcomes: Sequence[Outcome]) -> None:
    away = [each for each in outcomes[-_PATIENCE:] if isinstance(each, ProviderError) and each.retryable]
    if len(away) == _PATIENCE:
        raise away[-1]


def _check_questions(questions: object) -> list[str]:
    if isinstance(questions, str) or not isinstance(questions, Sequence):
        raise InvalidInputError("questions", questions, "a list of questions")
    distinct = list(dict.fromkeys(check_text("questions", question) for question in questions))
    if not distinct:
        raise InvalidInputError("questions", "none", "at least one question")
    return distinct


def _check_path(path: object) -> Path:
    if not isinstance(path, str | Path) or not str(path).strip() or "\x00" in str(path):
        raise InvalidInputError("path", path, "the path of a file")
    out = Path(path).expanduser()
    if out.is_dir() or not out.parent.is_dir():
        raise InvalidInputError("path", str(path), "a file in a folder that is there")
    return out


async def _ready(ranker: Ranker) -> AcanRanker:
    """Return the ranker in use, once it is certain that it can be refitted."""
    if not isinstance(ranker, AcanRanker):
        raise ConfigError(f"ranker: got {ranker.name!r}; accepted: acan, or a file of weights: others have none to fit")
    await to_thread.run_sync(fitting)
    return ranker


async def _tuned(present: AcanRanker, questions: Sequence[LabelledQuestion], out: Path) -> Tuning:
    tuning, ranker = await to_thread.run_sync(tune, present, questions)
    if tuning.kept:
        with _written(out):
            await to_thread.run_sync(save_weights, ranker, out)
    return tuning


@contextmanager
def _written(out: Path) -> Iterator[None]:
    """Say what the caller can change where a file cannot be written."""
    try:
        yield
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise InvalidInputError("path", str(out), f"a file that can be written ({reason})") from exc
