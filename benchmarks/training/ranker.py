"""`python -m benchmarks train-ranker`: from dialogues to the weights that the package carries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.datasets import Conversation, read
from benchmarks.report import print_table
from benchmarks.reshaping import dialogues as reshaped
from benchmarks.training.ablation import ablate
from benchmarks.training.collect import groups_of
from benchmarks.training.dialogues import dialogues
from engram_core import AsyncEngram, Group, InvalidInputError, fit_ranker

#: Signals that are used, those of late interaction last; the rest of what a hit tells is not.
BARE = (
    *(f"{leg}{side}" for leg in ("dense", "lexical") for side in ("", "_before", "_after", "_beside", "_beyond")),
    *("time", "speaker", "other_speaker"),
    *("words", "words_squared", "asks", "question", "digits", "times", "own", "names", "asked_before", "opens"),
    *("when_times", "when_digits"),
)
FULL = (
    *BARE,
    # What an assistant said is rarely asked for; but where little else is known, a note it took may be all there is.
    "assistant",
    *(f"late{side}" for side in ("", "_before", "_after", "_beside", "_beyond")),
    "late_window",
    "late_raw",
)
#: The embedder with token vectors, and one without, which stands for all others.
TOLD, UNTOLD = "minilm-memory", "minilm"
#: What a question that the embedder has seen counts beside one that it has not: its vectors answer it too well.
SEEN = 0.3


async def run(chats: Path | None, out: Path, *, ablation: bool = False) -> None:
    """Collect the questions, fit both sets of weights and write them; print what each part is worth, if asked."""
    console = Console(stderr=True)
    conversations = list(read(chats)) if chats is not None else []
    groups = await collect(conversations, TOLD)
    answered = sum(bool(group.labels.any()) for group in groups)
    console.print(f"{len(groups)} questions of {len({g.cluster for g in groups})} conversations, {answered} answered")
    if not answered:
        raise InvalidInputError("data", str(chats), "conversations with questions that have evidence")
    weights = {
        "full": fit_ranker(groups, FULL).model_dump(),
        "bare": fit_ranker(await collect(conversations, UNTOLD), BARE, abstain=False).model_dump(),
    }
    out.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    console.print(f"written to {out}")
    if ablation:
        rows = [list(row) for row in ablate([group for group in groups if group.weight == 1.0], FULL)]
        print_table("recall@10 on unseen conversations, and what is lost without a part", ["part", "points"], rows)


async def collect(chats: Sequence[Conversation], embedder: str) -> list[Group]:
    """Return the labelled questions of the dialogues written for the ranker, and of chats, as an embedder sees them."""
    sources = [(list(dialogues("ranker")), 1.0), (list(dialogues("embedder")), SEEN)]
    if chats:
        half = max(len(chats) // 2, 1)
        sources += [(list(reshaped(chats, shape, half)), SEEN) for shape in ("replied", "interleaved", "split")]
        sources.append((list(chats), SEEN))
    groups = []
    for conversations, weight in sources:
        async with AsyncEngram(database_url="memory://", embedder=embedder, ranker="sum") as engine:
            groups += [group async for _, group in groups_of(engine, conversations, weight)]
    return groups
