"""The engine: every verb a short list of named steps over the ports."""

from __future__ import annotations

from engram_core.engine.backend import Backend, LazyBackend, Limits
from engram_core.engine.fitting import Fitting
from engram_core.engine.judging import Judging
from engram_core.engine.keeping import Keeping
from engram_core.engine.moving import Moving
from engram_core.engine.turning import Turning
from engram_core.engine.upkeep import Upkeep
from engram_core.engine.working import Working

__all__ = ["Backend", "Engine", "LazyBackend", "Limits"]


class Engine(Turning, Keeping, Judging, Fitting, Moving, Upkeep, Working):
    """All verbs, bound to one tenant."""
