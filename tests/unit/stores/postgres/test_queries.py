"""Named statements: well formed, each used, each said what it is for."""

import re
from importlib import resources

import numpy as np
import pytest

from engram_core.stores.postgres.keys import salted
from engram_core.stores.postgres.queries import load_queries, parse_queries

PACKAGE = resources.files("engram_core.stores.postgres")
FILES = sorted(file.name.removesuffix(".sql") for file in PACKAGE.joinpath("sql").iterdir())


def test_a_file_is_cut_into_statements_without_their_comments() -> None:
    queries = parse_queries("-- name: one\n-- What it does.\nSELECT 1;\n\n-- name: two\n-- More.\nSELECT\n  2\n")
    assert list(queries) == ["one", "two"]
    assert (queries.one, queries.two) == ("SELECT 1", "SELECT\n  2")
    with pytest.raises(AttributeError, match="three"):
        _ = queries.three


@pytest.mark.parametrize("text", ["-- name: a\nSELECT 1", "-- name: a\n-- x\nSELECT 1\n-- name: a\n-- x\nSELECT 2"])
def test_a_statement_without_a_comment_or_named_twice_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="statement a"):
        parse_queries(text)


@pytest.mark.parametrize("file", FILES)
def test_every_statement_is_used(file: str) -> None:
    code = "".join(path.read_text() for path in PACKAGE.iterdir() if path.name.endswith(".py"))
    unused = [name for name in load_queries(file) if not re.search(rf"\b[A-Z]+\.{name}\b", code)]
    assert not unused


def test_salt_comes_off_again_and_differs_by_owner() -> None:
    terms = np.array([-(1 << 63), -1, 0, 1, (1 << 63) - 1])
    assert (salted(salted(terms, 5), 5) == terms).all()
    assert not np.intersect1d(salted(terms, 5), salted(terms, 6)).size
