"""Posting with requests, which is imported with the first post only."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import requests
from requests import exceptions as refusals
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError

from .answer import Answer
from .deadline import bound
from .exceptions import (
    ConnectionFailed,
    ProxyFailed,
    RequestInvalid,
    TimedOut,
    TLSFailed,
    TransportError,
)
from .payload import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .clock import Clock

TEXT_LIMIT: Final = 1024
USER_AGENT: Final = "clean-insights-python"

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# The first row that fits counts: requests' errors are OSErrors, and some are of two of these kinds.
_TRANSLATIONS: Final[tuple[tuple[Any, type[TransportError], str], ...]] = (
    ((refusals.ProxyError, refusals.InvalidProxyURL), ProxyFailed, "the proxy does not lead to"),
    (refusals.SSLError, TLSFailed, "TLS failed with"),
    (refusals.Timeout, TimedOut, "no answer in time from"),
    (ValueError, RequestInvalid, "no valid request for"),
    ((refusals.RequestException, HTTPError), ConnectionFailed, "no connection to"),
    (OSError, TLSFailed, "no CA bundle to trust"),
)


def post(
    url: str, body: bytes, *, headers: Mapping[str, str], timeout: tuple[float, float], clock: Clock
) -> Answer:
    """Post once; `timeout` bounds connecting and the whole answer, however slowly it arrives."""
    with _Session() as session:
        try:
            response = session.post(
                url,
                data=body,
                headers=dict(headers),
                timeout=timeout,
                auth=_authentication(url),
                allow_redirects=False,
                stream=True,  # else the whole body is read, however long
            )
        except (OSError, ValueError, HTTPError) as error:
            raise _translated(error, url) from error
        with response:
            return Answer(
                status=response.status_code,
                text=_text(response),
                retry_after=_retry_after(response.headers, clock),
            )


class _Session(requests.Session):
    """A session without default headers and redirects."""

    def __init__(self) -> None:
        super().__init__()
        self.headers = requests.structures.CaseInsensitiveDict({"User-Agent": USER_AGENT})
        self.mount("http://", _Adapter())
        self.mount("https://", _Adapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: requests would read the whole body of a redirect, even without following it."""


class _Adapter(HTTPAdapter):
    """An adapter with bounded connections, through proxies too."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        bound(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        bound(manager)
        return manager


def _authentication(url: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Return the URL's own credentials as Basic authentication (RFC 7617), never those of ~/.netrc."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return lambda request: request
    name, password = (unquote(text or "").encode() for text in (parts.username, parts.password))
    return HTTPBasicAuth(name, password)


def _text(response: requests.Response) -> str:
    """Return the start of the body; if it does not arrive, the status still counts."""
    try:
        # Not decompressed: a body of 1 KiB may be a thousand times as long.
        start = response.raw.read(TEXT_LIMIT, decode_content=False)
    except (OSError, HTTPError):
        return ""
    return str(start, "utf-8", "replace")


def _retry_after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Return Retry-After in seconds; a date is relative to the server's own clock, if given."""
    wanted = headers.get("Retry-After", "").strip()
    if wanted.isascii() and wanted.isdecimal():
        return float(wanted)
    try:
        until = parsedate_to_datetime(wanted)
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else clock()
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


def _translated(error: Exception, url: str) -> TransportError:
    """Return our error for one of requests, with the message of the operating system or OpenSSL at its root."""
    _, translation, story = next(row for row in _TRANSLATIONS if isinstance(error, row[0]))
    reason, cause = "", error.__cause__ or error.__context__
    while cause:
        reason = getattr(cause, "verify_message", "") or getattr(cause, "strerror", "") or reason
        cause = cause.__cause__ or cause.__context__
    reason = clean(reason)
    message = clean(f"{story} {_place(url)}") + (f": {reason}" if reason else "")
    return translation(message, reason=reason)


def _place(url: str) -> str:
    """Return host and port only: a path or query may hold secrets."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except (KeyError, ValueError):
        return "this URL"
    return f"{parts.hostname}:{port}"
