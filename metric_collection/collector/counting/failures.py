"""Work on many sites: one that fails does not keep the others from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError


class SitesFailedError(Exception):
    """Some sites failed; the message names them, and the work on all others is done."""


class Failures:
    """The sites that failed."""

    def __init__(self) -> None:
        self._errors: dict[int, Exception] = {}

    @contextmanager
    def of(self, site_id: int) -> Iterator[None]:
        """Note an error of the block, unless the database is not available: then no site can go on."""
        try:
            yield
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001  a defect in one site's rows
            self._errors[site_id] = error

    def raise_if_any(self) -> None:
        """Raise SitesFailedError if a site failed."""
        if self._errors:
            raise SitesFailedError(
                ", ".join(
                    f"site {site_id} ({type(error).__name__})"
                    for site_id, error in sorted(self._errors.items())
                )
            )
