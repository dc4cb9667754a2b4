"""The commands together, those of installed packages included.

A package adds commands through the entry-point group `engram.commands`: each entry point is a function or a
`typer.Typer`, and its name is the command's. It is looked for and imported only when it is called or listed, so its
module should import little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

from engram_core.cli import acan, demo, doctor, failures, moving, reading, upkeep, working, writing
from engram_core.errors import ConfigError, EngramError
from engram_core.version import __version__

GROUP = "engram.commands"


class Commands(TyperGroup):
    """Our own commands and those of installed packages; every failure ends as a line on stderr and an exit code."""

    #: Finds the entry points of a group; each application keeps the one it was built with.
    finding: ClassVar[Callable[..., Iterable[EntryPoint]]]

    def list_commands(self, ctx: Any) -> list[str]:
        """Name every command, our own first."""
        own = super().list_commands(ctx)
        return [*own, *(name for name in self._installed if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; that of an installed package is imported now."""
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in self._installed:
            return own
        return load_installed(self._installed[cmd_name])

    @cached_property
    def _installed(self) -> dict[str, EntryPoint]:
        found = sorted(type(self).finding(group=GROUP), key=lambda entry: entry.name)
        return {entry.name: entry for entry in found}

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except EngramError as exc:
            raise typer.Exit(failures.report(exc)) from exc
        except BrokenPipeError as exc:
            raise typer.Exit(failures.leave_quietly()) from exc


def build() -> typer.Typer:
    """Make the application with every command."""
    app = typer.Typer(
        name="engram",
        cls=type("Commands", (Commands,), {"finding": staticmethod(entry_points)}),
        help="Long-term memory for AI agents.",
        epilog=failures.table(),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # Plain help pages: rich ones cost more to load than all the rest.
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_version_option)
    for name, command in _commands().items():
        app.command(name)(command)
    app.add_typer(acan.build(), name="acan")
    return app


def _commands() -> dict[str, Callable[..., None]]:
    """Name our own commands, in the order of the help page."""
    return {
        "demo": demo.demo,
        "add": writing.add,
        "search": reading.search,
        "context": reading.context,
        "list": reading.list_,
        "show": reading.show,
        "history": reading.history,
        "update": writing.update,
        "delete": writing.delete,
        "undo": working.undo,
        "erase": writing.erase,
        "import": moving.import_,
        "export": moving.export,
        "reembed": moving.reembed,
        "consolidate": upkeep.consolidate,
        "expire": upkeep.expire,
        "worker": working.worker,
        "queue": working.queue,
        "replay": working.replay,
        "doctor": doctor.doctor,
    }


def load_installed(entry: EntryPoint) -> Any:
    """Import the command of an installed package; one that cannot be loaded says so when it is called."""
    try:
        command = entry.load()
        if not callable(command):
            raise TypeError(f"{entry.value} is neither a function nor a typer.Typer")
        return _made(entry.name, command)
    except Exception as exc:  # noqa: BLE001 - the boundary to other packages: none may break the rest
        # Whatever it was called with, the reason is what helps.
        anything = {"ignore_unknown_options": True, "allow_extra_args": True}
        return _made(entry.name, _broken(entry, exc), help=f"(cannot be loaded: {exc})", context_settings=anything)


def _made(name: str, command: Callable[..., Any], **shown: Any) -> Any:
    holder = typer.Typer(rich_markup_mode=None)
    holder.callback()(lambda: None)  # which makes a group of it, of one command too
    if isinstance(command, typer.Typer):
        holder.add_typer(command, name=name)
    else:
        holder.command(name, **shown)(command)
    group: Any = typer.main.get_command(holder)
    return group.commands[name]


def _broken(entry: EntryPoint, error: Exception) -> Callable[[], None]:
    package = entry.dist.name if entry.dist else entry.value

    def tell() -> None:
        if isinstance(error, EngramError):  # such as a missing extra, which says what to install
            raise error
        raise ConfigError(f"`{entry.name}` of {package} cannot be loaded: {error}") from error

    return tell


def _print_version(asked: bool) -> None:
    if asked:
        print(f"engram {__version__}")
        raise typer.Exit


def _version_option(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
) -> None: ...


app: Callable[..., Any] = build()
