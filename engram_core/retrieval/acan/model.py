"""Inference in numpy.

The question's tokens attend to those of each candidate and of the turns beside it (`retrieval.late`); a learned fusion
adds what the legs, the speaker, the time and the surface of the text say. A null slot, learned from the raw
similarities of the best candidates, is what a memory must exceed to count as evidence; the margin over it gives the
probability.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError, model_validator

from engram_core.errors import ConfigError
from engram_core.ports.ranking import Column, Ranked, Ranker, Reading

_SHIPPED = "weights.json"
Level = Literal["late_raw", "dense_raw", "stranger", "chat"]
#: What the null slot reads of a question: the largest of these signals among its candidates.
LEVELS: tuple[Level, ...] = ("late_raw", "dense_raw", "stranger", "chat")
#: Before the name of a signal: it counts only where an assistant is among those who speak, or there in proportion to
#: the length of the question. Chats with an assistant are read otherwise than talk between people (long turns, answers
#: that repeat the question, requests that hold the facts), and a long question there goes on with a matter, whose
#: beginning it needs, rather than asking for a fact.
CHAT, LONG = "chat:", "long:"
#: From so many candidates on the threshold holds in full; below, in proportion; of a handful it withholds none.
FULL_CANDIDATES, LEAST_CANDIDATES = 100, 10
#: Signals by the part of the score that they make.
PARTS = ("dense", "lexical", "late", "speaker", "time", "text")


class Weights(BaseModel, frozen=True, allow_inf_nan=False):
    """One fitted ranker.

    Attributes:
        signals: Names, k of them, in the order of the arrays below.
        mean: (k,) of the training candidates.
        scale: (k,) their spread.
        weight: (k,) of the standardised signals.
        null: Weight of each of `LEVELS` in the null slot; those that cannot be read are not named.
        bias: Of the null slot.
        sharpness: What the margin over the null slot is multiplied by before the logistic function.
        threshold: A search whose best score is below returns nothing; 0 never does.
    """

    signals: tuple[str, ...] = Field(min_length=1)
    mean: tuple[float, ...]
    scale: tuple[Annotated[float, Field(gt=0)], ...]
    weight: tuple[float, ...]
    null: dict[Level, float]
    bias: float
    sharpness: float = Field(gt=0)
    threshold: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if not len(self.signals) == len(self.mean) == len(self.scale) == len(self.weight):
            raise ValueError("signals, mean, scale and weight must have one length")
        return self


class AcanRanker(Ranker):
    """Ranks by fitted weights: one set for questions with late interaction, one without.

    Args:
        full: With token vectors.
        bare: Where the embedding model has none. Its raw similarities are on a scale of their own, so it never says
            that nothing is relevant.
    """

    name = "acan"

    def __init__(self, full: Weights, bare: Weights) -> None:
        self.full, self.bare = full, bare
        self._full = _Fitted(full)
        self._bare = _Fitted(bare)

    def rank(self, reading: Reading) -> Ranked:
        """Score the candidates of one question."""
        return (self._full if reading.has_tokens else self._bare).rank(reading.signals)


class _Fitted:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        scale = np.array(weights.scale, np.float32)
        self._slope = np.array(weights.weight, np.float32) / scale
        self._shift = float(self._slope @ np.array(weights.mean, np.float32))
        self._places = {part: [i for i, name in enumerate(weights.signals) if part_of(name) == part] for part in PARTS}

    def rank(self, signals: Mapping[str, Column]) -> Ranked:
        weights = self._weights
        matrix = matrix_of(signals, weights.signals)
        weighed = matrix * self._slope
        null = weights.bias + self._shift + level(signals, weights.null)
        margin = weights.sharpness * (weighed.sum(axis=1) - null)
        scores = (1.0 / (1.0 + np.exp(-np.clip(margin, -30, 30)))).astype(np.float32)
        parts: dict[str, Column] = {part: weighed[:, places].sum(axis=1) for part, places in self._places.items()}
        parts["null"] = np.full(len(scores), -null, np.float32)
        return Ranked(scores, parts, bool(scores.max() >= weights.threshold * _strictness(len(scores))))


def _strictness(candidates: int) -> float:
    """Return what share of the threshold holds: few candidates hardly stand out from each other, and score lower."""
    return min(candidates / FULL_CANDIDATES, 1.0) if candidates >= LEAST_CANDIDATES else 0.0


def matrix_of(signals: Mapping[str, Column], names: Sequence[str]) -> NDArray[np.float32]:
    """Put signals into columns (n, len(names)); one that was not read is 0, which stands for an average candidate."""
    count = len(next(iter(signals.values())))
    nothing = np.zeros(count, np.float32)
    factors = _factors(signals)

    def column(name: str) -> Column:
        before, _, bare = name.rpartition(":")
        factor = factors.get(before, 0)
        return factor * signals[bare] if factor and bare in signals else nothing

    return np.stack([column(name) for name in names], axis=1)


def _factors(signals: Mapping[str, Column]) -> dict[str, np.float32]:
    """Return what signals are multiplied by, by what stands before their names."""
    is_chat = np.float32("chat" in signals and signals["chat"].any())
    length = signals["length"].max() if "length" in signals else np.float32(0)
    return {"": np.float32(1), CHAT[:-1]: is_chat, LONG[:-1]: is_chat * np.float32(length)}


def part_of(signal: str) -> str:
    """Name the part of the score that a signal belongs to."""
    signal = signal.rpartition(":")[2]
    if signal in ("speaker", "other_speaker", "assistant", "stranger", "chat"):
        return "speaker"
    first = signal.split("_")[0]
    return first if first in PARTS else "text"


def level(signals: Mapping[str, Column], null: Mapping[Level, float]) -> float:
    """Return what the null slot reads of the candidates; signals that were not read add nothing."""
    return sum(weight * float(signals[name].max()) for name, weight in null.items() if name in signals)


def load_weights(path: Path | None = None) -> AcanRanker:
    """Read a ranker: the one that the package carries, or one of this deployment's own.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        text = files(__package__).joinpath(_SHIPPED).read_text("utf-8") if path is None else path.read_text("utf-8")
        raw = json.loads(text)
        return AcanRanker(Weights.model_validate(raw["full"]), Weights.model_validate(raw["bare"]))
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as exc:
        raise ConfigError(f"the ranker in {path or _SHIPPED} cannot be read: {exc!r}") from exc


def save_weights(ranker: AcanRanker, path: Path) -> None:
    """Write a ranker for `load_weights`: the file is there whole, or as it was before.

    Raises:
        OSError: It cannot be written.
    """
    text = json.dumps({"full": ranker.full.model_dump(), "bare": ranker.bare.model_dump()}, indent=1) + "\n"
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
