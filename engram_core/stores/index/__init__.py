"""Exact search over the memories of a scope, in memory."""
