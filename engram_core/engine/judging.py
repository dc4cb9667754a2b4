"""The verb that says what a hit was worth."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from numbers import Real

from engram_core.domain.checks import check_characters, check_flag
from engram_core.domain.ids import check_id
from engram_core.domain.results import Hit
from engram_core.engine.base import EngineBase, utc_now
from engram_core.errors import InvalidInputError, NotFoundError
from engram_core.ports import Label

_QUESTION = re.compile(r"[0-9a-f]{16}")


class Judging(EngineBase):
    """`feedback`."""

    async def feedback(self, hit: Hit, useful: bool) -> None:
        """Say whether a hit was of use for its question: a label that the ranker of this deployment can be fitted to.

        What is kept is the memory, a hash of the question, the verdict, the hit's signals and the time; the words of
        the question are not. One question and memory have one label: the last verdict holds, and saying the same of
        the same hit again changes nothing. `erase` removes labels with their memories; `export` leaves them out, as
        their signals mean nothing to another deployment.

        Args:
            hit: One of a `Recall` or a `Context`, as it came.
            useful: Whether the memory helped to answer the question.

        Raises:
            InvalidInputError: It is no hit that a search made, or `useful` is neither True nor False.
            NotFoundError: Its memory was erased, or is another tenant's.
        """
        label = _label(hit, useful)
        backend = await self._backend.opened()
        scope = hit.memory.scope
        if scope.tenant != self._tenant or not await backend.store.label(scope, label):
            raise NotFoundError(f"no memory {label.memory_id}")


def _label(hit: object, useful: object) -> Label:
    if not isinstance(hit, Hit):
        raise InvalidInputError("hit", hit, "a Hit, as search and context return them")
    if not isinstance(hit.question, str) or not _QUESTION.fullmatch(hit.question):
        raise InvalidInputError("hit", hit, "a Hit that a search made: its `question` names the one it answers")
    id = check_id("hit", hit.memory.id)
    return Label(hit.question, id, check_flag("useful", useful), _signals(hit.signals), utc_now())


def _signals(signals: object) -> dict[str, float]:
    """Check signals, which a caller may have changed, and return a copy."""
    if not isinstance(signals, Mapping):
        raise InvalidInputError("hit.signals", signals, "a mapping of names to numbers")
    copy: dict[str, float] = {}
    for name, value in signals.items():
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not isinstance(name, str) or not number or not math.isfinite(value):
            raise InvalidInputError("hit.signals", {name: value}, "a name and a finite number")
        copy[check_characters("hit.signals", name)] = float(value)
    return copy
