"""A collector on more than one process: PostgreSQL, Celery, and web processes behind a proxy.

What differs between machines comes from the environment, as PUBLISHER_SECRET_KEY, DATABASE_URL=postgres://...
and CELERY_BROKER_URL=redis://... or amqp://...
"""

from pathlib import Path

from environ import Env

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.str("PUBLISHER_VAR", default=str(BASE_DIR / "var"))).resolve()
VAR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("PUBLISHER_DEBUG", default=False)
SECRET_KEY = env.str(
    "PUBLISHER_SECRET_KEY", default="insecure-and-for-development-only" if DEBUG else Env.NOTSET
)
ALLOWED_HOSTS = env.list("PUBLISHER_HOSTS", default=["127.0.0.1", "localhost"])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "metric_collection.collector",
]
MIDDLEWARE = [
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
ROOT_URLCONF = "publisher.urls"
WSGI_APPLICATION = "publisher.wsgi.application"
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
TIME_ZONE = "UTC"
USE_TZ = True

DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL", default=f"sqlite:///{VAR / 'collector.sqlite3'}"),
        "CONN_MAX_AGE": None,  # or 0, behind pgbouncer
    }
}
if embedded := env.str("EMBEDDED_DATABASE", default=""):
    # The file of an embedded collector, for `metric_collector move --from embedded`.
    DATABASES["embedded"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": embedded}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="redis://127.0.0.1:6379/0")
CELERY_TASK_IGNORE_RESULT = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "celerybeat-schedule")

# One proxy in front of the web processes: the client's address is the last of X-Forwarded-For.
METRIC_COLLECTOR_PROXIES = env.int("PUBLISHER_PROXIES", default=1)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
