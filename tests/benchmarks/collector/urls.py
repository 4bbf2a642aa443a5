from django.contrib import admin
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

urlpatterns = [
    path("bare", csrf_exempt(lambda _request: HttpResponse(status=204))),
    path("admin/", admin.site.urls),
    path("", include("metric_collection.collector.urls")),
]
