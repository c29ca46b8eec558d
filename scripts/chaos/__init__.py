"""Faults on purpose, to see whether they are noticed."""
