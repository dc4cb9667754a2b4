"""The commands together, those of installed packages included.

A package adds commands through the entry-point group `engram.commands`: each entry point is a function or a
`typer.Typer`, and its name is the command's. Its module is imported at every start, so it should import little.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from engram_core.cli import demo, doctor, failures, moving, reading, upkeep, working, writing
from engram_core.errors import ConfigError, EngramError
from engram_core.version import __version__

GROUP = "engram.commands"


class Commands(TyperGroup):
    """Where every command's failure ends: a line on stderr and an exit code."""

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
        cls=Commands,
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
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        add_installed(app, entry)
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


def add_installed(app: typer.Typer, entry: EntryPoint) -> None:
    """Add the command of an installed package; one that cannot be loaded says so when it is called."""
    try:
        command = entry.load()
        if not callable(command):
            raise TypeError(f"{entry.value} is neither a function nor a typer.Typer")
    except Exception as exc:  # noqa: BLE001 - the boundary to other packages: none may break the rest
        app.command(entry.name, help=f"(cannot be loaded: {exc})")(_broken(entry, exc))
        return
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=entry.name)
    else:
        app.command(entry.name)(command)


def _broken(entry: EntryPoint, error: Exception) -> Callable[[], None]:
    package = entry.dist.name if entry.dist else entry.value

    def tell() -> None:
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
