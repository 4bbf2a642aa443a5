"""Buckets for numbers, so that many installations share a value."""

UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
UNEVEN = "In steps of 1, 2, 5, 10, 20, 50 and so on."
DURATIONS = (10, 30, 100, 300, 1000, 3000, 10_000)  # ms, the first of each bucket but one


def count_bucket(number: int) -> str:
    """``0``, ``1``, ``2-4``, ``5-9``, ``10-19``, ``20-49`` and so on; raises ValueError below 0."""
    if number < 0:
        raise ValueError(f"{number} is not a count, which is 0 or more")
    if number < 2:
        return str(number)
    power = 10 ** (len(str(number)) - 1)
    step = next(step for step in (5, 2, 1) if number >= step * power)
    following = {1: 2, 2: 5, 5: 10}[step]
    return f"{step * power}-{following * power - 1}"


def size_bucket(size: int) -> str:
    """A number of bytes in the largest decimal unit that fits: ``5-9 GB``."""
    unit = min((len(str(size)) - 1) // 3, len(UNITS) - 1)
    return f"{count_bucket(size // 1000**unit)} {UNITS[unit]}"


def duration_bucket(seconds: float) -> str:
    """One of eight buckets, for a histogram of durations: ``0-9 ms``, ``10-29 ms`` to ``10000- ms``."""
    begin = max((edge for edge in DURATIONS if edge <= seconds * 1000), default=0)
    following = next((edge for edge in DURATIONS if edge > begin), None)
    return f"{begin}-{following - 1} ms" if following else f"{begin}- ms"
