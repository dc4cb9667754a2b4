"""Commands that keep a store in shape: `consolidate` and `expire`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engram_core.cli import options
from engram_core.cli.opening import opened
from engram_core.cli.output import emit
from engram_core.cli.wording import counted

if TYPE_CHECKING:
    from engram_core.domain.change import Change
    from engram_core.domain.results import ConsolidateResult, ExpireResult

#: Where the engine logs what it let go.
_LOG = "engram_core.ingest.upkeep.expiry"


def consolidate(
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    json: options.Json = False,
) -> None:
    """Merge statements that say the same, summarise sessions, and renew importance.

    Summaries need a language model (ENGRAM_LLM). Run again, it does only what is new.
    """
    with opened("Consolidating") as memory:
        result = memory.consolidate(**options.scoped(user, agent, session))
    emit(result) if json else _tell_consolidated(result)


def expire(
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    json: options.Json = False,
) -> None:
    """Retire what has expired, and the least valuable memories of a user who has too many.

    The limit is ENGRAM_MAX_MEMORIES_PER_USER. `engram history` tells why something was retired, and `engram undo`
    brings back what was one too many.
    """
    with _told_here(), opened("Expiring") as memory:
        result = memory.expire(**options.scoped(user, agent, session))
    emit(result) if json else _tell_expired(result)


@contextmanager
def _told_here() -> Iterator[None]:
    """Keep the log's account of what was let go off the terminal: the command gives it."""
    log = logging.getLogger(_LOG)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _tell_consolidated(result: ConsolidateResult) -> None:
    from engram_core.cli.rendering import short

    _tell_changes([*result.merged, *result.summaries])
    copies = sum(change.op == "DELETE" for change in result.merged)
    done = [f"{counted(copies, 'duplicate')} merged"] if copies else []
    written = sum(change.op != "DELETE" for change in result.summaries)
    done += [f"{counted(written, 'summary', 'summaries')} written"] if written else []
    weighed = counted(result.weighed, "memory", "memories")
    done += [f"importance of {weighed} renewed"] if result.weighed else []
    if done or not result.failed:
        print(f"{', '.join(done)}.".capitalize() if done else "Nothing to do.")
    for name, reason in result.failed.items():
        print(f"Not summarised: {name}: {short(reason)}")


def _tell_expired(result: ExpireResult) -> None:
    _tell_changes([*result.expired, *result.over_limit])
    if result.expired:
        went = f", and with them went {counted(result.learned, 'statement or summary', 'statements and summaries')}"
        print(f"{counted(len(result.expired), 'memory', 'memories')} had expired{went if result.learned else ''}.")
    if result.over_limit:
        were = "was" if len(result.over_limit) == 1 else "were"
        print(f"{counted(len(result.over_limit), 'memory', 'memories')} {were} too many.")
    if not (result.expired or result.over_limit):
        print("Nothing to retire: nothing has expired, and there are not too many.")


def _tell_changes(changes: Sequence[Change]) -> None:
    from engram_core.cli import rendering

    if changes:
        rendering.console().print(rendering.changes_table(changes))
