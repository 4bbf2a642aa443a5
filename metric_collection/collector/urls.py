"""The collector's URLs: ``path("", include("metric_collection.collector.urls"))``."""

from __future__ import annotations

from django.urls import path, re_path

from .dashboard import public_views as public
from .door.views import receive
from .healthz import healthz

app_name = "collector"
urlpatterns = [
    path("cleaninsights.php", receive, name="receive"),
    path("", public.index, name="index"),
    path("healthz", healthz, name="healthz"),
    path("<slug:slug>/", public.site, name="site"),
    path("<slug:slug>/rules/", public.rules, name="rules"),
    path("<slug:slug>/data.json", public.data, name="data"),
    path("<slug:slug>/data.csv", public.table, name="csv"),
    path("<slug:slug>/badge.json", public.badge, name="badge"),
    re_path(
        r"^(?P<slug>[-\w]+)/(?P<folder>days|weeks|months)/(?P<name>[\dW-]{7,10})\.json$",
        public.publication,
        name="publication",
    ),
]
