"""`python -m benchmarks train-ranker`: from dialogues to the weights that the package carries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.datasets import Conversation, read
from benchmarks.report import print_table
from benchmarks.training.ablation import PARTS, ablate, groups_without, without
from benchmarks.training.collect import groups_of
from benchmarks.training.dialogues import dialogues
from engram_core import AsyncEngram, Group, InvalidInputError, Weights, fit_ranker

#: Signals that are used, those of late interaction apart; the rest of what a hit tells is not.
_TURN = (
    *(f"{leg}{side}" for leg in ("dense", "lexical") for side in ("", "_before", "_after", "_beside", "_beyond")),
    *("time", "speaker", "other_speaker"),
    *("words", "words_squared", "asks", "question", "digits", "times", "own", "names", "asked_before", "opens"),
    *("when_times", "when_digits"),
)
_LATE = (*(f"late{side}" for side in ("", "_before", "_after", "_beside", "_beyond")), "late_window", "late_raw")
#: Read once more in chats with an assistant, and again by the length of the question there; names of people are not.
_OF_CHATS = ("assistant", *(name for name in _TURN if name not in ("time", "speaker", "other_speaker")))
# What an assistant said is rarely asked for; but where little else is known, a note it took may be all there is.
BARE = (*_TURN, "assistant", *(f"{kind}{name}" for kind in ("chat:", "long:") for name in _OF_CHATS))
FULL = (*BARE, *_LATE, *(f"{kind}{name}" for kind in ("chat:", "long:") for name in _LATE))
#: A plain linear fusion: what two legs say of the turn and of the turns beside it, and nothing else.
LINEAR = tuple(name for name in _TURN if name.startswith(("dense", "lexical")))
#: The embedder with token vectors, and one without, which stands for all others.
TOLD, UNTOLD = "minilm-memory", "minilm"
#: What a question that the embedder has seen counts beside one that it has not: its vectors answer it too well.
SEEN = 0.3
#: What a question about a chat of others counts: they are few beside those written for this.
TOLD_BY_OTHERS = 1.5


async def run(
    chats: Sequence[Path],
    out: Path | None,
    *,
    without_parts: Path | None = None,
    linear: Path | None = None,
    ablation: bool = False,
) -> None:
    """Collect the questions once and write what is asked for.

    Args:
        chats: Files with more to learn from than the dialogues. Every other conversation is read, from the second: the
            embedder has seen the rest.
        out: File for the weights of all signals.
        without_parts: Folder for the weights without each part, `acan-without-PART.json`, each fitted anew.
        linear: File for the weights of a plain linear fusion (`LINEAR`).
        ablation: Print what each part is worth on conversations that no fit has seen.

    Raises:
        InvalidInputError: Nothing is asked for, or there is nothing to learn from.
    """
    if out is None and without_parts is None and linear is None and not ablation:
        raise InvalidInputError("options", "none", "at least one of --out, --without-parts, --linear, --ablation")
    console = Console(stderr=True)
    conversations = [conversation for path in chats for conversation in list(read(path))[1::2]]
    told = await collect(conversations, TOLD)
    answered = sum(bool(group.labels.any()) for group in told)
    console.print(f"{len(told)} questions of {len({g.cluster for g in told})} conversations, {answered} answered")
    if not answered:
        raise InvalidInputError(
            "data", f"{len(conversations)} chats", "conversations with questions that have evidence"
        )
    if out is not None or without_parts is not None or linear is not None:
        untold = await collect(conversations, UNTOLD)
        for path, weights in fits(told, untold, out, without_parts, linear):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
            console.print(f"written to {path}")
    if ablation:
        rows = [list(row) for row in ablate([group for group in told if group.weight == 1.0], FULL)]
        print_table("recall@10 on unseen conversations, and what is lost without a part", ["part", "points"], rows)


def fits(
    told: Sequence[Group], untold: Sequence[Group], out: Path | None, without_parts: Path | None, linear: Path | None
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Fit and yield each set of weights that is asked for, with the file it belongs in.

    Args:
        told: The questions as the embedder with token vectors sees them.
        untold: The same as one without sees them.
        out: As in `run`, and so the rest.
        without_parts: As in `run`.
        linear: As in `run`.
    """
    if out is not None:
        yield out, _both(fit_ranker(told, FULL), fit_ranker(untold, BARE, abstain=False))
    if without_parts is not None:
        for part in PARTS:
            full = fit_ranker(groups_without(told, part), without(FULL, part))
            bare = fit_ranker(groups_without(untold, part), without(BARE, part), abstain=False)
            yield without_parts / f"acan-without-{part.replace(' ', '-')}.json", _both(full, bare)
    if linear is not None:
        # It reads nothing else, and never says that nothing is relevant: no recall is lost to a threshold.
        legs = [[_legs_alone(group) for group in groups] for groups in (told, untold)]
        yield linear, _both(*(fit_ranker(groups, LINEAR, abstain=False) for groups in legs))


def _both(full: Weights, bare: Weights) -> dict[str, Any]:
    return {"full": full.model_dump(), "bare": bare.model_dump()}


def _legs_alone(group: Group) -> Group:
    kept = (*LINEAR, "dense_raw")
    return replace(group, signals={name: values for name, values in group.signals.items() if name in kept})


async def collect(chats: Sequence[Conversation], embedder: str) -> list[Group]:
    """Return the labelled questions of the dialogues written for the ranker, and of chats, as an embedder sees them."""
    sources = [(list(dialogues("ranker")), 1.0), (list(dialogues("embedder")), SEEN)]
    if chats:
        sources.append((list(chats), TOLD_BY_OTHERS))
    groups = []
    for conversations, weight in sources:
        async with AsyncEngram(database_url="memory://", embedder=embedder, ranker="sum") as engine:
            groups += [group async for _, group in groups_of(engine, conversations, weight)]
    return groups
