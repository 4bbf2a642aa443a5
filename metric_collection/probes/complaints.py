"""Saying what is wrong with a probe: once at WARNING, then at DEBUG, and never quoting a value."""

import logging

logger = logging.getLogger(__name__)
_said: set[tuple[str, ...]] = set()


def complain(message: str, *names: str) -> None:
    """Log a message about probes and facts by name; the names must hold nothing gathered."""
    complaint = (message, *names)
    level = logging.DEBUG if complaint in _said else logging.WARNING
    _said.add(complaint)
    logger.log(level, message, *names)
