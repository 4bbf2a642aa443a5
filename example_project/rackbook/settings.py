"""Rackbook on one machine without any server: SQLite, and Celery over a folder.

What differs between machines comes from the environment:
DATABASE_URL=postgres://... and CELERY_BROKER_URL=redis://... move it to real servers.
"""

from pathlib import Path

from environ import Env

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.str("RACKBOOK_VAR", default=str(BASE_DIR / "var"))).resolve()
VAR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("RACKBOOK_DEBUG", default=True)
SECRET_KEY = env.str(
    "RACKBOOK_SECRET_KEY", default="insecure-and-for-development-only" if DEBUG else Env.NOTSET
)
ALLOWED_HOSTS = env.list("RACKBOOK_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])

# Third-party modules of Rackbook, by their packages: RACKBOOK_PLUGINS=rackbook_labels,...
PLUGINS = env.list("RACKBOOK_PLUGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_filters",
    "import_export",
    "rest_framework",
    "metric_collection",
    "inventory",
    "maintenance",
    "demo",
    *PLUGINS,
]
MIDDLEWARE = [
    "metric_collection.middleware.RecorderMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
            ]
        },
    }
]
ROOT_URLCONF = "rackbook.urls"
WSGI_APPLICATION = "rackbook.wsgi.application"
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
TIME_ZONE = "UTC"
USE_TZ = True

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR / 'rackbook.sqlite3'}")}

REST_FRAMEWORK = {
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.DjangoModelPermissions"],
}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "celerybeat-schedule")
if CELERY_BROKER_URL.startswith("filesystem:"):
    BROKER = VAR / "broker"
    BROKER.mkdir(exist_ok=True)
    CELERY_BROKER_TRANSPORT = "rackbook.broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER),
        "data_folder_out": str(BROKER),
        "control_folder": str(BROKER / "control"),
        "polling_interval": 0.2,
    }

# --- metric_collection: what a publisher writes, ready to copy -------------------------------

# Where reports go, and the number that the collector (CIMP, Matomo) knows the product by.
METRIC_COLLECTION_COLLECTOR_URL = env.str(
    "RACKBOOK_COLLECTOR_URL", default="http://127.0.0.1:8899/cleaninsights.php"
)
METRIC_COLLECTION_SITE_ID = 5

# The product, as it is to stand in the reports: "Rackbook Version" -> "2.3.0".
METRIC_COLLECTION_PRODUCT = "Rackbook"
METRIC_COLLECTION_PRODUCT_VERSION = "rackbook.__version__"

# The distributions that are reported, with their versions, when one of their packages is in
# INSTALLED_APPS. Nothing else ever is: the operator's own apps stay private.
METRIC_COLLECTION_MODULES = [
    "rackbook-*",
    "django-filter",
    "django-import-export",
    "djangorestframework",
]

# The modules named rackbook-* are optional: not every installation has one.
SILENCED_SYSTEM_CHECKS = ["usage_metrics.W001"]

# How much the product is used, sent as a bucket ("20-49") and never as the number.
METRIC_COLLECTION_COUNTS = {"Devices": "inventory.Device"}

# What its use is measured by, for as long as the makers want to know it; sums of whole weeks.
METRIC_COLLECTION_CAMPAIGNS = {
    "speed": {
        "title": "Speed and errors",
        "purpose": "To know which pages are worth making faster, and which errors to fix first.",
        "start": "2026-01-05T00:00:00Z",
        "end": "2028-01-03T00:00:00Z",
        "aggregationPeriodLength": 7,
        "numberOfPeriods": 52,
    },
}
METRIC_COLLECTION_RECORDERS = {"requests": "speed", "errors": "speed"}
METRIC_COLLECTION_STATE_FOLDER = str(VAR)

# Recorders name nothing else: what operators have added stays their own affair.
METRIC_COLLECTION_PACKAGES = ["rackbook", "inventory", "maintenance", "django.contrib.admin"]

# A product leaves this out: once in 24 hours is what its operators expect. A demo has less time.
METRIC_COLLECTION_HEARTBEAT_INTERVAL = env.int("RACKBOOK_DAY_SECONDS", default=24 * 60 * 60)

# A product leaves this out as well, so that its developers and its CI report nothing.
# Here DEBUG is on and the collector is a process on the same machine.
METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
