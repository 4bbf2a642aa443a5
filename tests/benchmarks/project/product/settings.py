"""Settings of the product; what differs from host to host is in the environment, as JSON."""

import json
import os
from datetime import timedelta

HOST = json.loads(os.environ["BENCHMARK_HOST"])

METRICS_APPS = {
    "bare": [],
    "ours": ["metric_collection"],
    "peer": ["openwisp_utils.admin_theme", "openwisp_utils.metric_collection"],
}
THEME = "openwisp_utils.admin_theme.context_processor"
THEME_PROCESSORS = [f"{THEME}.menu_groups", f"{THEME}.admin_theme_settings"]

SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "product.urls"
STATIC_URL = "static/"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HOST["database"],
        "OPTIONS": {} if HOST["durable"] else {"init_command": "PRAGMA synchronous=OFF"},
    }
}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *METRICS_APPS[HOST["side"]],
    "django.contrib.admin",
    *HOST["apps"],
    "product.apps.ProductConfig",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                *(THEME_PROCESSORS if HOST["side"] == "peer" else []),
            ]
        },
    }
]
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "ERROR"}}

CELERY_BROKER_URL = HOST["broker"]
CELERY_BROKER_TRANSPORT_OPTIONS = HOST["broker_options"]
CELERY_TASK_ALWAYS_EAGER = HOST["eager"]
if HOST["side"] == "peer":
    CELERY_BEAT_SCHEDULE = {
        "send_usage_metrics": {
            "task": "openwisp_utils.metric_collection.tasks.send_usage_metrics",
            "schedule": timedelta(days=1),
        }
    }

METRIC_COLLECTION_COLLECTOR_URL = HOST["collector"] or "http://127.0.0.1:9/cleaninsights.php"
METRIC_COLLECTION_SITE_ID = 5
METRIC_COLLECTION_PRODUCT = "OpenWISP"
METRIC_COLLECTION_PRODUCT_VERSION = "openwisp2.__openwisp_version__"
METRIC_COLLECTION_INSTALLATION_METHOD = "openwisp2.__openwisp_installation_method__"
METRIC_COLLECTION_MODULES = ["openwisp-*"]
METRIC_COLLECTION_CAMPAIGNS = {
    f"campaign-{number}": {
        "title": f"Use of feature {number}",
        "purpose": "To know whether it is worth its keep.",
        "start": "2020-01-01T00:00:00Z",
        "end": "2099-01-01T00:00:00Z",
        "aggregationPeriodLength": 7,
        "numberOfPeriods": 10,
    }
    for number in range(HOST["campaigns"])
}
METRIC_COLLECTION_STATE_FOLDER = HOST["state"]
