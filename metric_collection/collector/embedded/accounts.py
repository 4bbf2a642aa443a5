"""The first account of an embedded collector, by a link instead of a password in a log."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

NAME = "admin"


def one_time_link() -> str | None:
    """Return the path under which the first account sets its password, or None once one has."""
    users = get_user_model()._default_manager.filter(is_superuser=True)
    if any(user.has_usable_password() for user in users):
        return None
    user = users.first()
    if user is None:
        user = get_user_model()._default_manager.create_superuser(NAME, password=None)
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("set_password", args=[uid, default_token_generator.make_token(user)])
