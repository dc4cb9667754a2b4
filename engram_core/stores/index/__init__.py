"""Exact search over the memories of a scope, in memory."""

from engram_core.stores.index.analysis import Analyzer
from engram_core.stores.index.batch import Batch, microseconds
from engram_core.stores.index.index import ShardIndex
from engram_core.stores.index.view import IndexView

__all__ = ["Analyzer", "Batch", "IndexView", "ShardIndex", "microseconds"]
