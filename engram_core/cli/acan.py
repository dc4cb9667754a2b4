"""Commands that fit the ranker to this deployment: `acan tune` and `acan train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engram_core.cli import options
from engram_core.cli.failures import Misuse
from engram_core.cli.opening import opened
from engram_core.cli.output import emit
from engram_core.cli.progress import bar
from engram_core.cli.wording import counted
from engram_core.errors import InvalidInputError

if TYPE_CHECKING:
    from engram_core.domain.results import Usage
    from engram_core.domain.tuning import Training, Tuning
    from engram_core.ports import ChatModel

Out = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the weights are written if they win.")]

_PROVIDERS = ("openai", "ollama")


def build() -> typer.Typer:
    """Make the group of commands."""
    group = typer.Typer(help="Fit the ranker to this deployment.", no_args_is_help=True, rich_markup_mode=None)
    group.command("tune")(tune)
    group.command("train")(train)
    return group


def tune(out: Out, json: options.Json = False) -> None:
    """Refit the ranker to the feedback that was given.

    Some of the feedback is held out; the weights are written only where they rank it better than the present ones,
    beyond chance. Set ENGRAM_RANKER to the file to use them. Needs the extra `train`, and 30 questions of which one
    memory was said to be useful and another not to be.
    """
    with opened("Refitting") as memory:
        tuning = memory.tune_ranker(out)
    emit(tuning) if json else _tell(tuning, out)


def train(
    judge: Annotated[str, typer.Option("--judge", metavar="MODEL", help="openai:<model> or ollama:<model>.")],
    questions: Annotated[Path, typer.Option("--questions", "-q", metavar="FILE", help="A question a line, UTF-8.")],
    out: Out,
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    concurrency: Annotated[int, typer.Option("--concurrency", help="Questions at once.")] = 4,
    json: options.Json = False,
) -> None:
    """Let a language model judge what is retrieved, and refit the ranker to that.

    Shows the model, for each question, up to 20 of the memories of the user, agent or session that is named, word for
    word: stored memories leave this machine for where the model runs. No other command shows them for this purpose.

    The weights are written as `acan tune` does. Verdicts are kept in FILE.verdicts.jsonl (hashes and grades, no words):
    interrupted, the command goes on when it is run again, and nothing is paid for twice.
    """
    asked = _read_questions(questions)
    model = _judge(judge)
    with opened() as memory, bar("Judging", len(asked)) as progress:
        training = memory.train_ranker(
            asked,
            out,
            judge=model,
            **options.scoped(user, agent, session),
            concurrency=concurrency,
            progress=lambda done: progress(done, None),
        )
        usage = memory.usage()
    if json:
        emit({"training": training, "usage": usage})
        return
    _tell_judged(training, usage)
    _tell(training.tuning, out)


def _read_questions(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else exc
        raise Misuse(f"{path} cannot be read: {reason}") from exc
    questions = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not questions:
        raise Misuse(f"{path} holds no question; it takes one a line")
    return questions


def _judge(name: str) -> ChatModel:
    """Make the model that judges: the settings of the one that learns hold for it, its name apart."""
    from engram_core.config import load_settings
    from engram_core.factory import build_chat_model

    provider, _, model = name.partition(":")
    if provider not in _PROVIDERS or not model.strip():
        raise InvalidInputError("judge", name, " or ".join(f"{known}:<model>" for known in _PROVIDERS))
    made = build_chat_model(load_settings(llm=name))
    assert made is not None
    return made


def _tell_judged(training: Training, usage: Usage) -> None:
    print(f"{counted(training.asked, 'question')}: {training.judged:,} judged now, {training.known:,} before.")
    if training.not_found:
        print(f"Nothing was retrieved for {training.not_found:,}.")
    if training.unusable:
        print(f"The judge had no answer of use for {training.unusable:,}; run it again to ask once more.")
    tokens = f"{usage.input_tokens:,} tokens read and {usage.output_tokens:,} written"
    cost = f", {usage.cost:.4f} by the prices set" if usage.cost else ""
    print(f"{counted(usage.calls, 'call')} to models, {tokens}{cost}.")


def _tell(tuning: Tuning, out: Path) -> None:
    print(
        f"{counted(tuning.labels, 'label')} of {counted(tuning.questions, 'question')}, {tuning.compared:,} compared."
    )
    print(f"{tuning.reason[0].upper()}{tuning.reason[1:]}.")
    if not tuning.kept:
        print("Nothing was written.")
        return
    scores = "ranks and scores" if tuning.calibrated else "ranks"
    print(f"Wrote {out}, which {scores} by these labels. To use it: ENGRAM_RANKER={out.absolute()}")
