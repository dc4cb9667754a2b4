"""`python -m benchmarks train-embedder`: MiniLM trained further on questions about conversations.

A turn's vector and its token vectors come from one reading. Both are trained by a listwise loss against turns of the
same conversation: the cosine of the mean, and the late interaction of token vectors, where each token of the question
has a learned weight. Token vectors are projected to `WIDTH` from the last layer and from layer `MIDDLE`, which still
knows the word; late interaction is trained alone and on top of the cosine, to say what that does not.
`python -m engram_core.providers.models.build` makes the model that the package carries from what this writes.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from transformers import AutoModel

from benchmarks.datasets import read
from benchmarks.reshaping import dialogues as reshaped
from benchmarks.training.batches import Batch, Source
from benchmarks.training.dialogues import dialogues

WIDTH = 64
MIDDLE = 3  # the layer that `providers.models.recipe` reads token vectors from too
STEPS = 520
RATE = 4e-5
#: Token vectors that the projection starts from the principal components of.
SAMPLED = 60_000
_AT_ONCE = 2500  # word pieces in one reading
_NEVER = -1e4
_REPORT = 20


class Model(nn.Module):
    """The encoder with a head for late interaction."""

    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(str(weights), attn_implementation="sdpa")
        hidden = self.bert.config.hidden_size
        self.projection = nn.Linear(2 * hidden, WIDTH, bias=False)
        self.weight = nn.Linear(hidden, 1)
        self.temperature = nn.Parameter(torch.tensor([3.0, 3.0, 2.7]))
        nn.init.zeros_(self.weight.weight)
        nn.init.constant_(self.weight.bias, 1.0)

    def forward(self, texts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Read texts of word pieces: vectors (n, hidden), tokens (n, s, WIDTH), their weights and mask (n, s)."""
        ids, mask = _padded(texts)
        states, both = self.states(ids, mask)
        vectors = functional.normalize((states * mask[..., None]).sum(1), dim=-1)
        own = mask.clone()
        own[:, 0] = 0
        own[torch.arange(len(ids)), mask.sum(1) - 1] = 0  # the pieces that begin and end a text say nothing
        tokens = functional.normalize(self.projection(both), dim=-1)
        return vectors, tokens, functional.softplus(self.weight(states))[..., 0], own

    def states(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the last states (n, s, hidden), and those of the middle layer and the last (n, s, 2 * hidden)."""
        read = self.bert(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        return read.last_hidden_state, torch.cat([read.hidden_states[MIDDLE], read.last_hidden_state], dim=-1)

    def loss(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the loss of the cosine, of late interaction, and of late interaction on top of the cosine."""
        labels, known = torch.tensor(batch.labels), torch.tensor(batch.known)
        asked, asked_tokens, weights, asked_mask = self(batch.questions)
        vectors, tokens, mask = self._in_parts(batch.turns)
        share = weights * asked_mask
        share = share / share.sum(1, keepdim=True)
        similar = torch.einsum("aqp,btp->abqt", asked_tokens, tokens).masked_fill(mask[None, :, None, :] == 0, -1.0)
        late = (similar.amax(-1) * share[:, None, :]).sum(-1)
        cosine_scale, late_scale, top_scale = torch.exp(self.temperature)
        cosine = asked @ vectors.T * cosine_scale
        scores = (cosine, late * late_scale, cosine.detach() + late * top_scale)
        told, late_told, top_told = (_listwise(score.masked_fill(~known, _NEVER), labels) for score in scores)
        return told, late_told, top_told

    def _in_parts(self, texts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Read texts of like length together: little padding."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        parts, start = [], 0
        while start < len(order):
            end = start + 1
            while end < len(order) and len(texts[order[end]]) * (end - start + 1) <= _AT_ONCE:
                end += 1
            parts.append(self([texts[i] for i in order[start:end]]))
            start = end
        longest = max(part[1].shape[1] for part in parts)
        back = torch.tensor(np.argsort(order))
        vectors = torch.cat([part[0] for part in parts])[back]
        tokens = torch.cat([functional.pad(p[1], (0, 0, 0, longest - p[1].shape[1])) for p in parts])[back]
        mask = torch.cat([functional.pad(p[3], (0, longest - p[3].shape[1])) for p in parts])[back]
        return vectors, tokens, mask


def run(weights: Path, chats: Sequence[Path], out: Path, *, steps: int = STEPS, seed: int = 0) -> None:
    """Train and write `model.safetensors` and `tokenizer.json`.

    Args:
        weights: A folder of the published model.
        chats: Files of chats that may be learned from, beside the dialogues written for it. Every other one is read,
            from the first; the rest is left to measure by.
        out: A folder.
        steps: How many batches; a hundred take some minutes on two cores.
        seed: Of what is drawn.
    """
    torch.manual_seed(seed)
    rng = random.Random(seed)
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    sources = _sources(tokenizer, chats)
    model = Model(weights)
    _start_projection(model, sources, rng)
    _train(model, sources, rng, steps)
    out.mkdir(parents=True, exist_ok=True)
    save_file(_tensors(model), str(out / "model.safetensors"))
    shutil.copyfile(weights / "tokenizer.json", out / "tokenizer.json")


def _sources(tokenizer: Tokenizer, chats: Sequence[Path]) -> list[Source]:
    written = list(dialogues("embedder"))
    chatting = [dialogue for dialogue in written if any(turn.role == "assistant" for turn in dialogue.turns)]
    talking = [dialogue for dialogue in written if dialogue not in chatting]
    sources = [
        Source(talking, tokenizer, pieces=96, weight=0.45),
        Source(chatting, tokenizer, pieces=128, weight=0.25),
    ]
    for path in chats:
        told = list(read(path))[::2]
        shapes = ("replied", "interleaved", "split")
        named = [one for shape in shapes for one in reshaped(told, shape, max(len(told) // 2, 1))]
        if not any(question.before for one in told for question in one.questions):
            sources.append(Source(named, tokenizer, pieces=80, weight=0.15))
        sources.append(Source(told, tokenizer, pieces=128, weight=0.1))
    return sources


def _start_projection(model: Model, sources: Sequence[Source], rng: random.Random) -> None:
    """Start from the principal components of the token vectors, which keep most of what they say."""
    states: list[torch.Tensor] = []
    with torch.inference_mode():
        while sum(map(len, states)) < SAMPLED:
            ids, mask = _padded(sources[0].draw(rng).turns)
            states.append(model.states(ids, mask)[1][mask.bool()])
    sample = torch.cat(states)[:SAMPLED]
    _, _, components = torch.linalg.svd(sample, full_matrices=False)
    model.projection.weight.data.copy_(components[:WIDTH])


def _train(model: Model, sources: Sequence[Source], rng: random.Random, steps: int) -> None:
    console = Console(stderr=True)
    head = [*model.projection.parameters(), *model.weight.parameters(), model.temperature]
    groups = [{"params": model.bert.parameters(), "lr": RATE}, {"params": head, "lr": 20 * RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    warm = max(1, steps // 10)

    def rate(step: int) -> float:
        return min((step + 1) / warm, max(0.02, (steps - step) / (steps - warm)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    seen: list[tuple[float, float, float]] = []
    for step in range(steps):
        source = rng.choices(sources, weights=[source.weight for source in sources])[0]
        cosine, late, top = model.loss(source.draw(rng))
        optimiser.zero_grad()
        (cosine / 2 + late / 4 + top / 4).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        seen.append((cosine.item(), late.item(), top.item()))
        if (step + 1) % _REPORT == 0:
            console.print(f"step {step + 1}: loss {np.mean(seen[-_REPORT:], axis=0).round(3).tolist()}")


def _listwise(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Average, over the evidence of each question, the negative log of its softmax against what is no evidence."""
    others = torch.logsumexp(scores.masked_fill(labels, _NEVER), 1, keepdim=True)
    missed = torch.logaddexp(scores, others) - scores
    return ((missed * labels).sum(1) / labels.sum(1).clamp(min=1)).mean()


def _padded(texts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.zeros((len(texts), max(map(len, texts))), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text)
        mask[row, : len(text)] = 1
    return ids, mask


def _tensors(model: Model) -> dict[str, torch.Tensor]:
    tensors = {name: value.contiguous() for name, value in model.bert.state_dict().items() if "pooler" not in name}
    return {
        **tensors,
        "head.projection.weight": model.projection.weight.detach().contiguous(),
        "head.weight.weight": model.weight.weight.detach().contiguous(),
        "head.weight.bias": model.weight.bias.detach().contiguous(),
    }
