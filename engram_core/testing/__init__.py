"""Fakes and scripted servers for the tests of those who build on Engram."""
