"""Benchmarks of the public API: `python -m benchmarks retrieval | speed`."""
