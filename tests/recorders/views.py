"""Views of a product, and of somebody else."""

from __future__ import annotations

import asyncio
import time

from django.contrib import admin
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import include, path
from django.views import View


class OutOfPaper(Exception):
    pass


def item(request, number=1):
    return HttpResponse(f"Item {number}")


async def later(request):
    await asyncio.sleep(0)
    return HttpResponse("Later")


def slow(request):
    time.sleep(0.03)
    return HttpResponse("At last")


def lines(request):
    return StreamingHttpResponse(f"{number}\n" for number in range(3))


async def later_lines(request):
    async def some():
        for number in range(3):
            yield f"{number}\n"

    return StreamingHttpResponse(some())


def failing(request, what):
    raise OutOfPaper(f"no paper for {what}, {request.GET} and {request.META}")


async def failing_later(request):
    raise OutOfPaper("no paper")


def refused(request):
    return HttpResponse(status=403)


class Form(View):
    def get(self, request):
        return HttpResponse("A form")


def somebody_elses(request):
    return HttpResponse("Theirs")


somebody_elses.__module__ = "acme_customer.views"

shop = (
    [
        path("items/<int:number>", item, name="item"),
        path("form", Form.as_view(), name="form"),
        path("slow", slow, name="slow"),
        path("lines", lines, name="lines"),
        path("later", later, name="later"),
        path("later-lines", later_lines, name="later-lines"),
        path("failing/<str:what>", failing, name="failing"),
        path("failing-later", failing_later, name="failing-later"),
        path("refused", refused, name="refused"),
    ],
    "shop",
)
urlpatterns = [
    path("shop/", include(shop)),
    path("nameless/", item),
    path("theirs/", somebody_elses, name="secret-customer"),
    path("admin/", admin.site.urls),
]
