"""Requests of our own to the endpoint, without a network: for the demo and the self-check."""

from __future__ import annotations

from io import BytesIO

from django.core.handlers.wsgi import WSGIRequest

from ..conf import conf


def request_of(body: bytes, *, key: str, address: str) -> WSGIRequest:
    """Return the request of a client at this address, behind as many proxies as the settings say."""
    forwarded = {"HTTP_X_FORWARDED_FOR": ", ".join([address] * conf.PROXIES)}
    return WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/cleaninsights.php",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": address,
            "HTTP_IDEMPOTENCY_KEY": key,
            "wsgi.input": BytesIO(body),
            **(forwarded if conf.PROXIES else {}),
        }
    )
