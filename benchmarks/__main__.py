"""The command line: `python -m benchmarks retrieval | context | qa | operations | speed | adapters | fusion-choice`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import context, fusion_choice, retrieval, speed
from benchmarks.methods import Switch
from benchmarks.operations import scorecard
from benchmarks.operations.data import paths_of
from benchmarks.peers import default_embedder
from benchmarks.qa import running as qa
from benchmarks.training import ranker
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
    switch = Switch(options.rankers)
    async with AsyncEngram(
        data_dir=data_dir, database_url=options.database_url, embedder=options.embedder, ranker=switch
    ) as engine:
        await retrieval.run(
            engine, switch, options.data, limit=options.limit, json_path=options.json, plot_path=options.plot
        )


async def _train_ranker(options: argparse.Namespace, _: Path) -> None:
    await ranker.run(
        options.chats,
        options.out,
        without_parts=options.without_parts,
        linear=options.linear,
        ablation=options.ablation,
    )


async def _context(options: argparse.Namespace, scratch: Path) -> None:
    data_dir = None if options.database_url else options.data_dir or scratch
    async with AsyncEngram(data_dir=data_dir, database_url=options.database_url) as engine:
        await context.run(engine, options.data, options.budgets, limit=options.limit, json_path=options.json)


async def _qa(options: argparse.Namespace, scratch: Path) -> None:
    data_dir = None if options.database_url else options.data_dir or scratch
    how = qa.Options(
        llm=options.llm,
        judge=options.judge,
        limit=options.limit,
        questions=options.questions,
        budget=options.budget,
        full_context=options.full_context,
        concurrency=options.concurrency,
        llm_price=tuple(options.llm_price) if options.llm_price else None,
        judge_price=tuple(options.judge_price) if options.judge_price else None,
    )
    async with AsyncEngram(data_dir=data_dir, database_url=options.database_url) as engine:
        await qa.run(engine, options.data, how, json_path=options.json, resume=options.resume)


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


async def _train_embedder(options: argparse.Namespace, _: Path) -> None:
    from benchmarks.training import embedder  # needs torch and transformers

    embedder.run(options.weights, options.chats, options.out, steps=options.steps)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True)
    found = commands.add_parser("retrieval", help="how much of the evidence a search finds")
    found.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help="conversations, .jsonl[.gz]")
    found.add_argument("--limit", type=int, metavar="N", help="only the first N conversations of each file")
    found.add_argument(
        "--rankers",
        nargs="+",
        default=["acan"],
        metavar="NAME|FILE",
        help="acan, linear, sum, rrf, dense, lexical, or files of weights (default: acan)",
    )
    found.add_argument("--embedder", metavar="NAME", help="an embedding model (default: the engine's)")
    found.add_argument("--json", type=Path, metavar="OUT", help="write the results here as JSON too")
    found.add_argument("--plot", type=Path, metavar="OUT", help="draw recall against tokens here, as PNG")
    store = found.add_mutually_exclusive_group()
    store.add_argument("--data-dir", type=Path, metavar="DIR", help="keep the embedded store (default: throw it away)")
    store.add_argument("--database-url", metavar="URL", help="use this PostgreSQL; memory:// for none")
    found.set_defaults(run=_retrieval)
    _add_context(commands)
    _add_qa(commands)
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
    trained = commands.add_parser("train-ranker", help="fit the ranker's weights to dialogues and chats (needs torch)")
    trained.add_argument(
        "--chats", type=Path, nargs="+", default=[], metavar="FILE", help="chats to learn from, every other one"
    )
    trained.add_argument("--out", type=Path, metavar="FILE", help="where to write the weights")
    trained.add_argument("--without-parts", type=Path, metavar="DIR", help="fit without each part too, one file each")
    trained.add_argument("--linear", type=Path, metavar="FILE", help="fit a plain linear fusion of two legs too")
    trained.add_argument("--ablation", action="store_true", help="print what each part is worth, by folds")
    trained.set_defaults(run=_train_ranker)
    made = commands.add_parser("train-embedder", help="train MiniLM further on questions about conversations")
    made.add_argument("--weights", type=Path, required=True, metavar="DIR", help="the published model")
    made.add_argument(
        "--chats", type=Path, nargs="+", default=[], metavar="FILE", help="chats to learn from, every other one"
    )
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write the weights")
    made.add_argument("--steps", type=int, default=520, metavar="N", help="batches to train on (default: 520)")
    made.set_defaults(run=_train_embedder)
    choice = commands.add_parser("fusion-choice", help="formulas of fusion, compared on reshaped chats")
    choice.add_argument(
        "--data", type=Path, nargs="+", required=True, metavar="FILE", help="chats that may be tuned on"
    )
    choice.add_argument("--limit", type=int, metavar="N", help="only the first N chats of each file")
    choice.add_argument("--as-they-are", action="store_true", help="score the chats themselves too (slow)")
    choice.set_defaults(run=_fusion_choice)
    return parser


def _add_context(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    packed = commands.add_parser("context", help="how much of the answer is in the packed text, for how many tokens")
    packed.add_argument(
        "--data", type=Path, nargs="+", required=True, metavar="FILE", help="conversations, .jsonl[.gz]"
    )
    packed.add_argument(
        "--budgets", type=int, nargs="+", default=[250, 500, 1000, 2000, 4000], metavar="TOKENS", help="of a text"
    )
    packed.add_argument("--limit", type=int, metavar="N", help="only the first N conversations of each file")
    packed.add_argument("--json", type=Path, metavar="OUT", help="write the results here as JSON too")
    store = packed.add_mutually_exclusive_group()
    store.add_argument("--data-dir", type=Path, metavar="DIR", help="keep the embedded store (default: throw it away)")
    store.add_argument("--database-url", metavar="URL", help="use this PostgreSQL; memory:// for none")
    packed.set_defaults(run=_context)


def _add_qa(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    asked = commands.add_parser("qa", help="question answering by a model from what is remembered, judged by another")
    asked.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help="conversations, .jsonl[.gz]")
    asked.add_argument("--llm", required=True, metavar="PROVIDER:MODEL", help="who answers: openai:… or ollama:…")
    asked.add_argument("--judge", required=True, metavar="PROVIDER:MODEL", help="who judges: openai:… or ollama:…")
    asked.add_argument("--limit", type=int, metavar="N", help="only the first N conversations of each file")
    asked.add_argument("--questions", type=int, metavar="N", help="only N questions a conversation, spread over it")
    given = asked.add_mutually_exclusive_group()
    given.add_argument("--budget", type=int, default=2000, metavar="TOKENS", help="of a context (default: 2000)")
    given.add_argument("--full-context", action="store_true", help="the whole conversation instead of a search")
    asked.add_argument("--concurrency", type=int, default=4, metavar="N", help="questions at a time (default: 4)")
    for name, help in (
        ("--llm-price", "of a million tokens sent, and answered"),
        ("--judge-price", "the same for the judge (default: --llm-price, where both are the same model)"),
    ):
        asked.add_argument(name, type=float, nargs=2, metavar=("IN", "OUT"), help=help)
    asked.add_argument("--json", type=Path, metavar="OUT", help="write the results here as JSON too")
    asked.add_argument(
        "--resume", type=Path, metavar="FILE", help="keep answers and verdicts here, and go on from what it holds"
    )
    store = asked.add_mutually_exclusive_group()
    store.add_argument("--data-dir", type=Path, metavar="DIR", help="keep the embedded store (default: throw it away)")
    store.add_argument("--database-url", metavar="URL", help="use this PostgreSQL; memory:// for none")
    asked.set_defaults(run=_qa)


if __name__ == "__main__":
    sys.exit(main())
