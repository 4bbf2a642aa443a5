"""The URLs of an embedded collector."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import PasswordResetConfirmView
from django.contrib.staticfiles.views import serve
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import include, path, reverse_lazy

from ..conf import conf
from ..door.limiter import network_of
from ..door.views import door

LOGIN_WEIGHT = 10


def login(request: HttpRequest) -> HttpResponseBase:
    """The admin's login, within the limits of the client's network: nobody tries many passwords."""
    allowed = request.method != "POST" or door.limiter.allows(
        network_of(request.META, proxies=conf.PROXIES),
        weight=LOGIN_WEIGHT,
        now=door.clock().timestamp(),
        per_minute=conf.RATE,
        per_day=conf.NETWORK_DAILY,
    )
    if not allowed:
        return HttpResponse("Too many attempts. Try again later.", status=429)
    return admin.site.login(request)


set_password = PasswordResetConfirmView.as_view(
    post_reset_login=True, success_url=reverse_lazy("admin:index")
)
urlpatterns = [
    path("admin/login/", login),
    path("admin/", admin.site.urls),
    path("account/<uidb64>/<token>/", set_password, name="set_password"),
    path("static/<path:path>", serve, {"insecure": True}),
    path("", include("metric_collection.collector.urls")),
]
