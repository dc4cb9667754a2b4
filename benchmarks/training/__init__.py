"""Training of what the package carries: the embedder made for memory, and the ranker over what it finds."""
