"""From hits to text for a prompt: which turns a hit needs beside it, what fits, how it is written, in which order."""
