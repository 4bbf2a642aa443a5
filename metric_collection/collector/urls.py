"""The collector's URLs: ``path("", include("metric_collection.collector.urls"))``."""

from __future__ import annotations

from django.urls import path

from .door.views import receive
from .healthz import healthz

app_name = "collector"
urlpatterns = [
    path("cleaninsights.php", receive, name="receive"),
    path("", receive, name="index"),
    path("healthz", healthz, name="healthz"),
]
