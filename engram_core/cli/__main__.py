"""`python -m engram_core.cli`: the same as `engram`."""

from engram_core.cli import main

if __name__ == "__main__":
    main()
