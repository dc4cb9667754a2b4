"""Memories in PostgreSQL with pgvector."""
