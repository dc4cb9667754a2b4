"""How much a memory matters now: what it was given, less with age, more with use.

The base-level activation of ACT-R (Anderson and Schooler 1991, "Reflections of the environment in memory"), in the
approximation that keeps the last of n presentations exactly and spreads the others evenly over the life of the memory
(Petrov 2006, "Computationally efficient approximation of the base-level learning equation in ACT-R", k = 1):

    B = ln( t₁^-d + (n - 1) · (tₙ^(1-d) - t₁^(1-d)) / ((1 - d) (tₙ - t₁)) ),  d = 0.5

t₁ and tₙ are days since the last and the first presentation, one at least. A presentation is that it was said, said
again (an observation), or among the hits of a search (an access). The importance is then

    σ( logit(stated) + B / 2 )

`stated` is what the memory was given when it was written. What was said once today keeps it (B = 0); after a year
without use 0.5 has become 0.19; ten uses, the last today, make it 0.59. The weight of B, one half, is our choice.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from engram_core.domain.memory import Memory
from engram_core.ports import Use

DECAY = 0.5
_WEIGHT = 0.5
#: 0 and 1 have no logit.
_MARGIN = 0.001
#: How much longer statements are kept than turns when there are too many, as a factor of the odds. Our choice.
STATEMENTS = 8.0


def activation(presentations: int, first: float, last: float) -> float:
    """Compute the base-level activation.

    Args:
        presentations: How many, 1 at least.
        first: Days since the first; below 1 counts as 1.
        last: Days since the last, at most `first`; below 1 counts as 1.
    """
    first, last = max(first, 1.0), max(min(last, first), 1.0)
    if first - last < 1e-9:
        spread = last**-DECAY
    else:
        spread = (first ** (1 - DECAY) - last ** (1 - DECAY)) / ((1 - DECAY) * (first - last))
    return math.log(last**-DECAY + (presentations - 1) * spread)


def present_importance(memory: Memory, use: Use, last_said: datetime | None, now: datetime) -> float:
    """Compute the importance of a memory now, 0 to 1.

    Args:
        memory: When it was first said is its `valid_from`.
        use: Accesses, and the importance it was given.
        last_said: When it was said last, where that is known to be later.
        now: The present.
    """
    last = max(moment for moment in (memory.valid_from, use.last_at, last_said) if moment is not None)
    day = timedelta(days=1)
    count = memory.observations + use.accesses
    strength = activation(count, (now - memory.valid_from) / day, (now - last) / day)
    return round(_sigmoid(_logit(use.stated) + _WEIGHT * strength), 6)


def value(memory: Memory, importance: float) -> float:
    """Compute what a memory is worth when there are too many: statements are kept longer than turns."""
    worth = _logit(importance)
    return worth if memory.kind == "turn" else worth + math.log(STATEMENTS)


def _logit(share: float) -> float:
    share = min(max(share, _MARGIN), 1 - _MARGIN)
    return math.log(share / (1 - share))


def _sigmoid(number: float) -> float:
    return 1 / (1 + math.exp(-number))
