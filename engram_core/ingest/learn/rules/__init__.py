"""Rules: a precise extractor for first-person English statements, for engines without a language model."""

from engram_core.ingest.learn.rules.extractor import RulesExtractor

__all__ = ["RulesExtractor"]
