"""A fleet of installations for a month, in virtual time, against a collector that now and then fails.

``python -m tests.soak`` from the repository's root; ``python -m tests.soak collector`` is the same against the
real collector; `test_soak.py` runs a small one with the tests.
"""
