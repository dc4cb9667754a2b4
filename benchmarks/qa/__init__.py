"""`qa`: question answering over remembered conversations: a model answers from the context, another one judges."""
