"""What a person reads: tables and lines for memories, hits and changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from engram_core.domain.change import Change
from engram_core.domain.memory import Memory
from engram_core.domain.results import Hit, Recall

_SHOWN = 280
# Who spoke, in a table of hits: what is left of 80 columns holds an id on one line.
_WHO = 12
# Control characters of a memory are shown, never sent to the terminal.
_VISIBLE = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
_VISIBLE |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


def console() -> Console:
    """Return a console on stdout."""
    return Console(highlight=False, emoji=False)


def visible(text: str) -> str:
    """Return a text that cannot steer a terminal."""
    return text.translate(_VISIBLE)


def short(text: str, most: int = _SHOWN) -> str:
    """Return a text on one line, cut where it is long."""
    flat = " ".join(visible(text).split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def when(moment: datetime) -> str:
    """Write a time in UTC, to the minute."""
    return moment.strftime("%Y-%m-%d %H:%M")


def who(memory: Memory) -> str:
    """Return who said it, or what kind of statement it is."""
    return visible(memory.speaker or memory.role or memory.kind)


def memories_table(memories: Iterable[Memory]) -> Table:
    """Lay out memories as when, who, text."""
    table = _table()
    for memory in memories:
        table.add_row(when(memory.valid_from), who(memory), _statement(memory))
    return table


def hits_table(recall: Recall, *, explain: bool) -> RenderableType:
    """Lay out hits as score, when, who, text; `explain` adds what each signal said and where the time went."""
    table = _table(score=True)
    for hit in recall:
        score = Text(f"{hit.score:.2f}", "bold green" if hit.score >= 0.5 else "green")
        table.add_row(score, when(hit.memory.valid_from), who(hit.memory), _hit(hit, explain=explain))
    if not explain:
        return table
    timings = "   ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in recall.timings.items())
    return Group(table, Text(timings, "dim"))


def memory_details(memory: Memory) -> RenderableType:
    """Lay out one memory with everything that is known of it."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", overflow="fold", max_width=30)
    table.add_column(overflow="fold")
    for name, value in _details(memory).items():
        table.add_row(Text(visible(name)), Text(visible(value)))
    return Group(Text(visible(memory.text)), Text(), table)


def changes_table(changes: Iterable[Change]) -> Table:
    """Lay out a history as when, what, and the memory with why it changed and the id that `undo` takes."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("when", no_wrap=True, style="dim")
    table.add_column("what", no_wrap=True)
    table.add_column("memory", overflow="fold")
    for change in changes:
        table.add_row(when(change.at), _op(change), _decided(change))
    return table


def counts(values: Mapping[str, int]) -> Table:
    """Lay out counts by name."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in values.items():
        table.add_row(Text(name, "dim"), Text(f"{value:,}", justify="right"))
    return table


def _table(*, score: bool = False) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    if score:
        table.add_column("score", no_wrap=True, justify="right")
    table.add_column("when", no_wrap=True, style="dim")
    table.add_column("who", max_width=_WHO, overflow="fold")
    table.add_column("text", overflow="fold", ratio=1)
    return table


def _statement(memory: Memory) -> Text:
    text = Text(short(memory.text))
    if memory.supersedes:
        text.append("  (corrected)", "yellow")
    return text.append(f"\n{memory.id}", "dim")


def _hit(hit: Hit, *, explain: bool) -> Text:
    """Tell a hit, what it replaced, and what became of it."""
    text = Text(short(hit.memory.text))
    if hit.replaced is not None:
        text.append(f"\nsince {when(hit.memory.valid_from)}; before: {short(hit.replaced.text)}", "yellow")
    if hit.ended_at is not None:
        now = f"; now: {short(hit.superseded_by.text)}" if hit.superseded_by is not None else ""
        text.append(f"\nuntil {when(hit.ended_at)}{now}", "yellow")
    text.append(f"\n{hit.memory.id}", "dim")
    if explain:
        text.append("\n" + _explained(hit), "cyan")
    return text


def _explained(hit: Hit) -> str:
    """Write what the score is the sum of, and below it the signals that say anything."""
    ends = "_part"
    parts = {name.removesuffix(ends): value for name, value in hit.signals.items() if name.endswith(ends)}
    signals = {name: value for name, value in hit.signals.items() if not name.endswith(ends) and value}
    lines = ["  ".join(f"{name} {value:+.2f}" for name, value in parts.items()), _listed(signals)]
    return "\n".join(line for line in lines if line)


def _listed(signals: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.3g}" for name, value in signals.items())


def _details(memory: Memory) -> dict[str, str]:
    scope = memory.scope
    times = {
        "valid from": memory.valid_from,
        "valid to": memory.valid_to,
        "recorded": memory.recorded_at,
        "deleted": memory.retired_at,
        "expires": memory.expires_at,
    }
    details = {"id": memory.id, "kind": memory.kind, "who": who(memory), "origin": memory.origin}
    parts = {"user": scope.user_id, "agent": scope.agent_id, "session": scope.session_id}
    details |= {name: value for name, value in parts.items() if value is not None}
    details |= {name: when(value) + " UTC" for name, value in times.items() if value is not None}
    details |= {"supersedes": memory.supersedes} if memory.supersedes else {}
    if memory.sources:
        times_said = "once" if memory.observations == 1 else f"{memory.observations} times"
        details |= {"said": times_said, "sources": " ".join(memory.sources)}
    if memory.claim is not None:
        holds = "" if memory.claim.holds else " (no longer)"
        details["claim"] = f"{memory.claim.subject} · {memory.claim.attribute} · {memory.claim.value}{holds}"
    details |= {f"meta {key}": str(value) for key, value in memory.metadata.items()}
    return details | {"importance": f"{memory.importance:g}"}


def _op(change: Change) -> Text:
    return Text(change.op, {"ADD": "green", "UPDATE": "yellow", "DELETE": "red"}.get(change.op, "dim"))


def _decided(change: Change) -> Text:
    """Tell what a change left, what was so before, why, and its id; a turn's own beginning has none to be undone by."""
    left = change.after or change.before
    text = Text(short(left.text) if left is not None else "", "dim" if change.after is None else "")
    if change.before is not None and change.after is not None and change.before.text != change.after.text:
        text.append(f"\nbefore: {short(change.before.text)}", "yellow")
    text.append(f"\nwhy: {short(change.reason)} ({visible(change.actor)})", "dim")
    if left is None or change.id != left.id:
        text.append(f"\nchange {change.id}", "dim")
    return text
