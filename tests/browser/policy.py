"""The strictest Content-Security-Policy under which Django's own admin works."""

from __future__ import annotations


def content_security_policy(get_response):
    def answer(request):
        response = get_response(request)
        response["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            " form-action 'self'; base-uri 'none'"
        )
        return response

    return answer
