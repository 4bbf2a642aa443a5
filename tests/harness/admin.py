"""What a host needs for Django's admin, and a way to look at it as a superuser."""

APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
SETTINGS = {
    "ALLOWED_HOSTS": ["testserver"],
    "ROOT_URLCONF": "product.urls",
    "STATIC_URL": "static/",
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
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
}
URLS = """\
from django.contrib import admin
from django.urls import path
urlpatterns = [path("admin/", admin.site.urls)]
"""

# Migrates every database; `client` is a superuser's browser, `page` the path of our page.
SUPERUSER = """
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

for alias in settings.DATABASES:
    call_command("migrate", database=alias, verbosity=0)
client = Client()
client.force_login(get_user_model().objects.create_superuser("one"))
page = reverse("admin:usage_metrics_system_info")
"""
