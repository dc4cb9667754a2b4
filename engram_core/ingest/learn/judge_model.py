"""Reconciliation by a language model, for candidates that rules cannot place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from engram_core.domain.change import Op
from engram_core.domain.memory import Memory
from engram_core.ingest.learn.asking import Meter, ask
from engram_core.ingest.learn.candidate import Candidate
from engram_core.ingest.learn.prompting import Prompts, on_one_line
from engram_core.ingest.learn.reconcile import Verdict
from engram_core.ports import ChatModel


class Decision(BaseModel):
    """What the model decides about one candidate."""

    candidate: int
    decision: Literal["ADD", "UPDATE", "DELETE", "NOOP"]
    known: int | None = None
    reason: str = ""


class Decisions(BaseModel):
    """The whole answer."""

    decisions: list[Decision]


class ModelJudge:
    """Asks a model about all doubtful candidates of a lesson at once."""

    def __init__(self, model: ChatModel, meter: Meter, prompts: Prompts) -> None:
        self._model = model
        self._meter = meter
        self._system = prompts.write("reconcile.v1")

    async def judge(self, doubts: Sequence[tuple[Candidate, Sequence[Memory]]]) -> list[Verdict]:
        """Give a verdict for each candidate: ADD where the model gives none, or names what it was not shown.

        Raises:
            ProviderError: The model failed, or its answer fits neither at first nor after a repair.
        """
        answer = await ask(self._model, self._meter, self._system, _shown(doubts), Decisions)
        decided = {decision.candidate: decision for decision in reversed(answer.decisions)}
        self._meter.count(invented_ids=sum(not 1 <= number <= len(doubts) for number in decided))
        return [self._verdict(decided.get(n), near) for n, (_, near) in enumerate(doubts, 1)]

    def _verdict(self, decision: Decision | None, near: Sequence[Memory]) -> Verdict:
        if decision is None or decision.decision == "ADD" or decision.known is None:
            return Verdict(Op.ADD, None, decision.reason if decision else "")
        if not 1 <= decision.known <= len(near):
            self._meter.count(invented_ids=1)
            return Verdict(Op.ADD, None, "the model named what it was not shown")
        reason = decision.reason.strip()[:500] or "decided by the model"
        return Verdict(Op(decision.decision), near[decision.known - 1], reason)


def _shown(doubts: Sequence[tuple[Candidate, Sequence[Memory]]]) -> str:
    """Number candidates, and what is known beside each from 1 on."""
    lines = []
    for number, (candidate, near) in enumerate(doubts, 1):
        lines.append(f"Candidate {number} [{candidate.valid_from:%Y-%m-%d}]: {on_one_line(candidate.text)}")
        lines += [f"  known {n} [{m.valid_from:%Y-%m-%d}]: {on_one_line(m.text)}" for n, m in enumerate(near, 1)]
    return "\n".join(lines)
