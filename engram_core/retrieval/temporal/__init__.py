"""The temporal leg: the dates a question names, and how well a memory's time fits them."""

from engram_core.retrieval.temporal.read import asks_when, read_spans
from engram_core.retrieval.temporal.score import overlap
from engram_core.retrieval.temporal.span import Span

__all__ = ["Span", "asks_when", "overlap", "read_spans"]
