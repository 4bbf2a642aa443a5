"""Faults on purpose, on real processes and sockets: what arrived, how often, and what the database says.

docs/explanation/faults.rst tells what came of them, and names these tests.
"""
