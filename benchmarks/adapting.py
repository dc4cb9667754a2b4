"""`adapters`: Engram's LangGraph store and checkpointer beside the first-party ones, on one Postgres, in one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.adapters import saver, store
from benchmarks.adapters.pairs import Row
from benchmarks.report import print_table, write_json
from engram_core import Database, Settings, build_database


async def run(
    scratch: Path, *, database_url: str | None, parts: Sequence[str], items: int, json_path: Path | None
) -> None:
    """Measure, print tables, and write JSON where a path is given.

    Args:
        scratch: Where an embedded Postgres may keep its data.
        database_url: A PostgreSQL to use instead; it is written to.
        parts: `store`, `saver`.
        items: In the store.
        json_path: For the results.
    """
    database = Database(database_url) if database_url else build_database(Settings(data_dir=scratch))
    assert database is not None
    found: dict[str, list[Row]] = {}
    await database.open()
    try:
        if "store" in parts:
            found["store"] = await store.measure(database.url, items=items)
        if "saver" in parts:
            found["saver"] = await saver.measure(database.url)
    finally:
        await database.close()
    for part, rows in found.items():
        show(part, rows)
    if json_path is not None:
        write_json(json_path, "adapters", {part: [asdict(row) for row in rows] for part, rows in found.items()})


def show(part: str, rows: Sequence[Row]) -> None:
    """Print one part."""
    peer = {"store": "AsyncPostgresStore", "saver": "AsyncPostgresSaver"}[part]
    ours = {"store": "EngramStore", "saver": "EngramSaver"}[part]
    lines = [[row.what, f"{row.ours:.2f}", f"{row.theirs:.2f}", f"{row.ratio:.2f}"] for row in rows]
    print_table(f"{part}, milliseconds a call (median)", ["", ours, peer, "ratio"], lines)
