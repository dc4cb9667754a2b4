"""`engram demo`: a short story on a throw-away store."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from engram_core.cli import options
from engram_core.cli.opening import waiting
from engram_core.cli.output import emit
from engram_core.cli.wording import counted

if TYPE_CHECKING:
    from rich.console import Console

    from engram_core.cli.story import Told
    from engram_core.domain.change import Change
    from engram_core.domain.memory import Memory
    from engram_core.domain.results import Hit, Recall
    from engram_core.sync import Engram

_NEXT = """\
from engram_core import Engram
memory = Engram(); memory.add("I am vegetarian", user_id="you")
print(memory.context("What can I eat?", user_id="you"))"""


def demo(json: options.Json = False) -> None:
    """Tell a short story on a throw-away store.

    It runs a real database and a real embedding model, needs no input and no network, and leaves nothing behind.
    """
    from engram_core.cli.story import tell

    with _throw_away() as memory, waiting("Starting a database for a story"):
        told = tell(memory)
    emit(told) if json else _print(told)


@contextmanager
def _throw_away() -> Iterator[Engram]:
    """Lend an engine on a new embedded store, whatever the environment configures; gone afterwards, Ctrl-C or not."""
    from engram_core.config import DEFAULT_EMBEDDER, load_settings
    from engram_core.sync import Engram

    # What `kill` sends is to end like Ctrl-C: through here.
    signal.signal(signal.SIGTERM, _terminated)
    with tempfile.TemporaryDirectory(prefix="engram-demo-") as folder:
        own = {"database_url": None, "graph_url": None, "llm": None, "embedder": DEFAULT_EMBEDDER, "tenant": "demo"}
        settings = load_settings(data_dir=Path(folder)).model_copy(update=own)
        with closing(Engram(settings)) as memory:
            yield memory


def _terminated(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


def _print(told: Told) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from engram_core.cli.rendering import changes_table, console

    out = console()
    _chapter(out, "1", "What went in", "memory.add(messages, user_id=…, session_id=…, occurred_at=…)")
    _conversations(out, told)
    _chapter(out, "2", "What a question finds", "memory.search(question, user_id=…)")
    for recall in told.answers:
        _answer(out, recall)
    _chapter(out, "3", "What is learned, without a model", "memory.add(…).changes")
    for turn, changes in told.learned:
        out.print(_learned(turn, changes))
    out.print()
    _answer(out, told.home)
    _chapter(out, "4", "The studio moves", "memory.update(id, text), and search(…, as_of=…)")
    _answer(out, told.now, "now")
    _answer(out, told.in_april, "as of April 2025")
    out.print(changes_table(told.history))
    _chapter(out, "5", "A secret goes", "memory.delete(id)")
    _answer(out, told.code[0], "before")
    _answer(out, told.code[1], "after")
    _chapter(out, "6", "For a prompt", f"memory.context(question, token_budget=…): {told.context.tokens} tokens")
    out.print(Padding(Text(told.context), (0, 0, 1, 2)))
    _chapter(out, "→", "Your turn", "three lines of Python; `engram --help` does it without")
    out.print(Padding(Text(_NEXT, "bold"), (0, 0, 0, 2)))
    out.print()


def _chapter(out: Console, number: str, title: str, how: str) -> None:
    from rich.text import Text

    out.print(Text.assemble((f"{number} {title}", "bold cyan"), "  ", (how, "dim")))
    out.print()


def _conversations(out: Console, told: Told) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from engram_core.cli.rendering import who

    session = None
    for turn in told.turns:
        if turn.scope.session_id != session:
            session = turn.scope.session_id
            out.print(Text.assemble((f"  {turn.valid_from:%d %B %Y}", "bold"), (f"  {session}", "dim")))
        style = "dim" if turn.role == "assistant" else ""
        out.print(Padding(Text(f"{who(turn)}: {turn.text}", style), (0, 0, 0, 4)))
    out.print()


def _answer(out: Console, recall: Recall, note: str = "") -> None:
    from rich.text import Text

    out.print(Text.assemble((f"  {recall.query}", "bold"), (f"  {note}", "yellow")))
    for hit in recall:
        out.print(_found(hit))
    if not recall:
        out.print(Text("    nothing that answers it", "dim"))
    out.print()


def _learned(turn: Memory, changes: tuple[Change, ...]) -> object:
    """Lay out one turn and what followed from it; of withheld turns only how many."""
    from rich.padding import Padding
    from rich.text import Text

    text = Text(f"{turn.valid_from:%Y-%m-%d}  {turn.text}")
    for change in changes:
        if change.cause is not None:
            continue
        style = {"ADD": "green", "UPDATE": "yellow", "DELETE": "red"}.get(change.op, "dim")
        text.append(f"\n  {change.op:<7}", style).append(change.memory.text)
        if change.op == "UPDATE" and change.before is not None:
            text.append(f"  (before: {change.before.text})", "dim")
    withheld = sum(change.cause is not None for change in changes)
    if withheld:
        say, are = ("says", "is") if withheld == 1 else ("say", "are")
        text.append(f"\n  and {counted(withheld, 'turn')} that {say} it {are} withheld", "dim")
    if not changes:
        text.append("\n  nothing: it is not so yet", "dim")
    return Padding(text, (0, 0, 0, 4))


def _words(hit: Hit) -> str:
    words = hit.memory.text
    if hit.replaced is not None:
        words += f" (before: {hit.replaced.text})"
    if hit.superseded_by is not None:
        words += f" (until {hit.ended_at:%Y-%m-%d}; now: {hit.superseded_by.text})"
    return words


def _found(hit: Hit) -> object:
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_row(Text(f"    {hit.score:.2f}", "green"), Text(f"{hit.memory.valid_from:%Y-%m-%d}", "dim"), _words(hit))
    return row
