"""The package's SQL: named statements in `sql/*.sql`.

```sql
-- name: statement_name
-- What it is for, and what its parameters are.
SELECT …
```
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from types import SimpleNamespace

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def load_queries(name: str) -> SimpleNamespace:
    """Read `sql/<name>.sql`: each statement, without its comments, is an attribute of its name."""
    pieces = _NAME.split(resources.files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8"))[1:]
    return SimpleNamespace(**{title: _bare(text) for title, text in zip(pieces[::2], pieces[1::2], strict=True)})


def _bare(text: str) -> str:
    return "\n".join(line for line in text.strip().splitlines() if not line.startswith("--")).rstrip(";")
