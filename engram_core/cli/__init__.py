"""`engram` on the command line."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the exit code is documented in `engram_core.cli.failures`."""
    from engram_core.cli.app import app

    app(prog_name="engram")
