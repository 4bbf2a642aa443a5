"""What the app costs its host, and what happens when things fail, beside its best-known peer.

``python -m tests.benchmarks`` from the repository's root; nothing here is part of the test run.
"""
