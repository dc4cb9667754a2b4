"""The built-in models: their files, their notice, and the script that makes them (`build`)."""

#: Word pieces that the model reads of a text, the two special ones included (its `max_seq_length`).
MAX_TOKENS = 256
#: A batch no longer than this is computed in floating point, a longer one in integers.
SHORT = 10
