"""Deletes checkpoints so that those which stay can still be read, delta channels included."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engram_core import ConflictError, Database
from engram_langgraph.checkpoints import SQL, Thread


@dataclass(slots=True)
class Namespace:
    """The checkpoints of a thread's namespace, in short, the oldest first."""

    name: str
    parents: dict[str, str | None] = field(default_factory=dict)
    roots: dict[str, str | None] = field(default_factory=dict)
    deltas: set[str] = field(default_factory=set)
    #: For each checkpoint the delta channels that have a value there.
    stored: dict[str, set[str]] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """The latest checkpoint."""
        return max(self.parents)

    @property
    def is_call(self) -> bool:
        """Whether it is one call of a subgraph, and not a subgraph that keeps its state from call to call."""
        return ":" in self.name

    def needed(self, kept: Iterable[str]) -> set[str]:
        """Return those ancestors of checkpoints without which their delta channels cannot be read."""
        waiting = [(id, channel) for id in kept for channel in self.deltas - self.stored.get(id, set())]
        seen = set(waiting)
        found: set[str] = set()
        while waiting:
            id, channel = waiting.pop()
            parent = self.parents.get(id)
            if parent is None or parent not in self.parents:
                continue
            found.add(parent)
            if channel not in self.stored.get(parent, set()) and (parent, channel) not in seen:
                seen.add((parent, channel))
                waiting.append((parent, channel))
        return found


async def keep_latest(database: Database, thread: Thread) -> None:
    """Delete all but the latest checkpoint of each namespace, and what its delta channels are read from.

    A call of a subgraph goes with the checkpoint of the whole graph that it was made from.
    """
    async with database.transaction() as connection:
        namespaces = await _survey(connection, thread)
        ended = _ended_calls(namespaces)
        if ended:
            await connection.execute(SQL["delete_namespaces"], *thread.key, ended)
        for name, namespace in namespaces.items():
            if name not in ended:
                kept = {namespace.head} | namespace.needed([namespace.head])
                await _remove(connection, thread, name, namespace.parents.keys() - kept)


async def delete_runs(database: Database, tenant: str, run_ids: Sequence[str]) -> None:
    """Delete the checkpoints of runs, in one transaction.

    Raises:
        ConflictError: A delta channel of a checkpoint that stays is read from one of them.
    """
    async with database.transaction() as connection:
        for row in await connection.fetch(SQL["of_runs"], tenant, list(run_ids)):
            thread, name, going = Thread(tenant, row["thread_id"]), row["checkpoint_ns"], set(row["checkpoint_ids"])
            namespace = (await _survey(connection, thread, only=name)).get(name, Namespace(name))
            if namespace.needed(namespace.parents.keys() - going) & going:
                raise ConflictError(
                    f"run_ids: later checkpoints of thread {thread.id!r} read their delta channels from these runs; "
                    "delete the later runs too, or the thread"
                )
            await _remove(connection, thread, name, going)


async def _survey(connection: Any, thread: Thread, only: str | None = None) -> dict[str, Namespace]:
    """Read the namespaces of a thread."""
    namespaces: dict[str, Namespace] = {}
    for row in await connection.fetch(SQL["survey"], *thread.key):
        name, id = row["checkpoint_ns"], row["checkpoint_id"]
        if only is not None and name != only:
            continue
        namespace = namespaces.setdefault(name, Namespace(name))
        namespace.parents[id], namespace.roots[id] = row["parent_id"], row["root"]
        namespace.deltas.update(row["deltas"])
    for namespace in namespaces.values():
        if namespace.deltas:
            rows = await connection.fetch(SQL["stored"], *thread.key, namespace.name, sorted(namespace.deltas))
            namespace.stored = {row["checkpoint_id"]: set(row["channels"]) for row in rows}
    return namespaces


def _ended_calls(namespaces: dict[str, Namespace]) -> list[str]:
    """Name the calls that were made from a checkpoint which goes.

    The one they were made from may not be stored yet, as a run stores in the background: then they are under way.
    """
    if "" not in namespaces:
        return []
    graph = namespaces[""]
    going = graph.parents.keys() - {graph.head}
    return [name for name, call in namespaces.items() if call.is_call and call.roots[call.head] in going]


async def _remove(connection: Any, thread: Thread, name: str, ids: Collection[str]) -> None:
    if ids:
        for row in await connection.fetch(SQL["remove"], *thread.key, name, sorted(ids)):
            await connection.execute(SQL["delete_values"], *thread.key, name, row["channel"], row["versions"])
