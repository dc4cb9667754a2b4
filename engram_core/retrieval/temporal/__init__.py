"""The temporal leg: the dates a question names, and how well a memory's time fits them."""

from .read import asks_when, read_spans
from .score import overlap
from .span import Span

__all__ = ["Span", "asks_when", "overlap", "read_spans"]
