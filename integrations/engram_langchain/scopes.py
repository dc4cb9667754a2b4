"""Whose memories a run of an agent is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, TypedDict

from langgraph.runtime import ExecutionInfo

from engram_core import InvalidInputError, Scope, read_context


class Parts(TypedDict):
    """A scope as the engine's verbs take it."""

    user_id: str | None
    agent_id: str | None
    session_id: str | None


class Running(Protocol):
    """What the `Runtime` of a hook and the `ToolRuntime` of a tool have in common."""

    @property
    def context(self) -> Any:
        """What the run was given as `context=`."""

    @property
    def execution_info(self) -> ExecutionInfo | None:
        """Where the run is; its thread among others."""


@dataclass(frozen=True, slots=True)
class Scoping:
    """Reads the scope of a run from its context and its thread.

    Attributes:
        given: What holds where a run does not say; its tenant is the engine's.
        require_user: Whether a scope without a user is an error.
    """

    given: Scope
    require_user: bool = True

    def scope(self, runtime: Running) -> Scope:
        """Return the scope of a run, its thread as the session where nobody names one.

        Raises:
            InvalidInputError: It names nobody whose memories outlast the thread, or its context is none that could.
        """
        found = replace(self.given, **read_context(runtime.context))
        if found.user_id is None and (self.require_user or found.agent_id is None):
            accepted = "a user_id in the context of the run, as in agent.invoke(…, context={'user_id': 'ada'})"
            raise InvalidInputError("user_id", runtime.context, f"{accepted}, or in the constructor")
        thread = runtime.execution_info.thread_id if runtime.execution_info is not None else None
        if found.session_id is None and thread is not None:
            return replace(found, session_id=str(thread))
        return found


def across_sessions(scope: Scope) -> Scope:
    """Return what a memory is recalled from: everything of the user (with the agent), whatever the session."""
    return replace(scope, session_id=None)


def parts(scope: Scope) -> Parts:
    """Return a scope as keywords for the engine's verbs."""
    return Parts(user_id=scope.user_id, agent_id=scope.agent_id, session_id=scope.session_id)
