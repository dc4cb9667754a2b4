"""Commands that keep a store in shape: `consolidate` and `expire`."""

from __future__ import annotations

from engram_core.cli import options
from engram_core.cli.opening import opened
from engram_core.cli.output import emit


def consolidate(
    user: options.User = None,
    agent: options.Agent = None,
    session: options.Session = None,
    json: options.Json = False,
) -> None:
    """Merge statements that say the same, summarise sessions, and renew importance.

    Summaries need a language model (ENGRAM_LLM). Run again, it does only what is new.
    """
    from engram_core.cli import rendering

    with opened("Consolidating") as memory:
        result = memory.consolidate(**options.scoped(user, agent, session))
    if json:
        emit(result)
        return
    changes = [*result.merged, *result.summaries]
    if changes:
        rendering.console().print(rendering.changes_table(changes))
    print(f"{len(result.merged):,} decisions about duplicates, {len(result.summaries):,} summaries, ", end="")
    print(f"{result.weighed:,} memories of another importance than before.")
    for name, reason in result.failed.items():
        print(f"Not summarised: {name}: {rendering.short(reason)}")


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
    from engram_core.cli import rendering

    with opened("Expiring") as memory:
        result = memory.expire(**options.scoped(user, agent, session))
    if json:
        emit(result)
        return
    changes = [*result.expired, *result.over_limit]
    if changes:
        rendering.console().print(rendering.changes_table(changes))
    print(f"{len(result.expired):,} had expired, {len(result.over_limit):,} were too many; ", end="")
    print(f"{result.learned:,} statements and summaries went with them.")
