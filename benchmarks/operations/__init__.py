"""`operations`: how well what is learned is kept: precision and recall of ADD, UPDATE, DELETE and NOOP.

The data, and how it is counted, are described in README.md beside this file.
"""
