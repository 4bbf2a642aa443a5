"""Django's settings for an embedded collector."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..conf import PREFIX
from .folder import Folder

# secure_delete overwrites what is deleted: bodies must not outlive their counting.
ON_CONNECT = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;"
MODULE = "metric_collection.collector"
# Kubernetes describes a service that is called metric-collector in variables with our prefix.
SERVICE = re.compile(rf"{PREFIX}_(SERVICE_(HOST|PORT)|PORT)(_|$)")


def from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what the environment sets with the collector's prefix: JSON, or else plain text.

    Misspelled names too: a system check finds them in the settings.
    """
    return {
        name: _parsed(text)
        for name, text in environ.items()
        if name.startswith(f"{PREFIX}_") and name.isupper() and not SERVICE.match(name)
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def settings_for(
    folder: Folder, *, hosts: Sequence[str], environ: Mapping[str, str]
) -> dict[str, Any]:
    """Return Django's settings for the collector in this folder."""
    own = from_environment(environ)
    is_proxied = bool(own.get("METRIC_COLLECTOR_PROXIES"))
    return {
        **own,
        "SECRET_KEY": folder.secret_key,
        "ALLOWED_HOSTS": [*hosts],
        "ROOT_URLCONF": f"{MODULE}.embedded.urls",
        "DATABASES": {"default": database(folder)},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": [
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.messages",
            "django.contrib.sessions",
            "django.contrib.staticfiles",
            MODULE,
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            f"{MODULE}.embedded.hosts.HostMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
            for name in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword")
        ],
        "STATIC_URL": "/static/",
        "USE_TZ": True,
        "SESSION_COOKIE_SECURE": is_proxied,
        "CSRF_COOKIE_SECURE": is_proxied,
        "CSRF_TRUSTED_ORIGINS": [f"https://{host}" for host in hosts] if is_proxied else [],
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if is_proxied else None,
        "LOGGING": LOGGING,
    }


def database(folder: Folder) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder.database),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": ON_CONNECT},
    }


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "ERROR", "propagate": True},
        "metric_collection.collector": {"level": "INFO"},
        "waitress.queue": {"level": "ERROR"},  # a queue of a few requests is no news
    },
}
