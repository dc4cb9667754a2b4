"""The command line: `python -m benchmarks retrieval | operations | speed | adapters | fusion-choice`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import fusion_choice, retrieval, speed
from benchmarks.methods import METHODS
from benchmarks.operations import scorecard
from benchmarks.operations.data import paths_of
from benchmarks.peers import default_embedder
from engram_core import AsyncEngram, EngramError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="engram-benchmark-") as scratch:
            asyncio.run(options.run(options, Path(scratch)))
    except EngramError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    return 0


async def _retrieval(options: argparse.Namespace, scratch: Path) -> None:
    data_dir = None if options.database_url else options.data_dir or scratch
    async with AsyncEngram(data_dir=data_dir, database_url=options.database_url) as engine:
        await retrieval.run(engine, options.data, method=options.method, limit=options.limit, json_path=options.json)


async def _operations(options: argparse.Namespace, _: Path) -> None:
    async with AsyncEngram(database_url="memory://", llm=options.llm) as engine:
        await scorecard.run(
            engine,
            paths_of(options.split),
            limit=options.limit,
            json_path=options.json,
            mistakes=options.mistakes,
            show_held_out=options.show_held_out,
        )


async def _speed(options: argparse.Namespace, scratch: Path) -> None:
    await speed.run(
        scratch,
        sizes=sorted(options.sizes),
        add_messages=options.add_messages,
        scope_size=options.scope_size,
        queries=options.queries,
        json_path=options.json,
    )


async def _adapters(options: argparse.Namespace, scratch: Path) -> None:
    from benchmarks import adapting  # needs the frameworks, which the other benchmarks do without

    await adapting.run(
        scratch,
        database_url=options.database_url,
        parts=options.parts,
        items=options.items,
        json_path=options.json,
    )


async def _fusion_choice(options: argparse.Namespace, _: Path) -> None:
    embedder = default_embedder()
    try:
        await fusion_choice.run(options.data, embedder, limit=options.limit, as_they_are=options.as_they_are)
    finally:
        await embedder.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True)
    found = commands.add_parser("retrieval", help="how much of the evidence a search finds")
    found.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help="conversations, .jsonl[.gz]")
    found.add_argument("--limit", type=int, metavar="N", help="only the first N conversations of each file")
    found.add_argument("--method", choices=sorted(METHODS), default="engram")
    found.add_argument("--json", type=Path, metavar="OUT", help="write the results here as JSON too")
    store = found.add_mutually_exclusive_group()
    store.add_argument("--data-dir", type=Path, metavar="DIR", help="keep the embedded store (default: throw it away)")
    store.add_argument("--database-url", metavar="URL", help="use this PostgreSQL; memory:// for none")
    found.set_defaults(run=_retrieval)
    card = commands.add_parser(
        "operations", help="precision and recall of what is added, replaced, deleted and refused"
    )
    card.add_argument(
        "--split", nargs="+", default=["test"], metavar="dev|test|FILE", help="dialogues to play (default: test)"
    )
    card.add_argument(
        "--llm", metavar="PROVIDER:MODEL", help="openai:… or ollama:… (default: ENGRAM_LLM, else the rules)"
    )
    card.add_argument("--limit", type=int, metavar="N", help="only N dialogues of each file, spread over it")
    card.add_argument("--json", type=Path, metavar="OUT", help="write the numbers here as JSON too")
    card.add_argument("--mistakes", action="store_true", help="print the dialogues with a wrong or a missed change")
    card.add_argument("--show-held-out", action="store_true", help="print the texts of the test split too")
    card.set_defaults(run=_operations)
    fast = commands.add_parser("speed", help="add_many and search beside the limits they are held against")
    fast.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], metavar="N")
    fast.add_argument("--add-messages", type=int, default=1_000, metavar="N", help="messages for the add_many part")
    fast.add_argument("--scope-size", type=int, default=1_000, metavar="N", help="memories a scope, over many scopes")
    fast.add_argument("--queries", type=int, default=200, metavar="N", help="searches a measurement")
    fast.add_argument("--json", type=Path, metavar="OUT", help="write the results here as JSON too")
    fast.set_defaults(run=_speed)
    beside = commands.add_parser("adapters", help="the LangGraph store and checkpointer beside the first-party ones")
    beside.add_argument("--parts", nargs="+", default=["store", "saver"], choices=["store", "saver"])
    beside.add_argument("--items", type=int, default=10_000, metavar="N", help="items in the store (default: 10,000)")
    beside.add_argument("--database-url", metavar="URL", help="write to this PostgreSQL (default: an embedded one)")
    beside.add_argument("--json", type=Path, metavar="OUT", help="write the results here as JSON too")
    beside.set_defaults(run=_adapters)
    choice = commands.add_parser("fusion-choice", help="formulas of fusion, compared on reshaped chats")
    choice.add_argument(
        "--data", type=Path, nargs="+", required=True, metavar="FILE", help="chats that may be tuned on"
    )
    choice.add_argument("--limit", type=int, metavar="N", help="only the first N chats of each file")
    choice.add_argument("--as-they-are", action="store_true", help="score the chats themselves too (slow)")
    choice.set_defaults(run=_fusion_choice)
    return parser


if __name__ == "__main__":
    sys.exit(main())
