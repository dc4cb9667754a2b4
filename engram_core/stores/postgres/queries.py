"""SQL lives in named statements in `.sql` files; this reads them.

```sql
-- name: statement_name
-- What it is for, and what its parameters are.
SELECT …
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


class Queries:
    """The statements of one file, as attributes."""

    def __init__(self, statements: Mapping[str, str]) -> None:
        self._statements = dict(statements)

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"no statement is named {name}") from None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._statements)


def parse_queries(text: str) -> Queries:
    """Split a file into its named statements, without their comments.

    Raises:
        ValueError: A name occurs twice, or a statement has no comment that says what it is for.
    """
    pieces = _NAME.split(text)[1:]
    queries: dict[str, str] = {}
    for name, piece in zip(pieces[::2], pieces[1::2], strict=True):
        lines = piece.strip().splitlines()
        if name in queries or not lines or not lines[0].startswith("--"):
            raise ValueError(f"statement {name}: named twice, or without a comment")
        queries[name] = "\n".join(line for line in lines if not line.startswith("--")).strip().rstrip(";")
    return Queries(queries)


@cache
def load_queries(name: str, package: str = __package__) -> Queries:
    """Read `sql/<name>.sql` of a package: its statements, as attributes of their names."""
    return parse_queries(resources.files(package).joinpath("sql", f"{name}.sql").read_text("utf-8"))
