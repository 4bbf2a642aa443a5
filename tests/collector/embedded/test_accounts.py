from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from metric_collection.collector.door.limiter import Limiter
from metric_collection.collector.door.views import door
from metric_collection.collector.embedded.accounts import one_time_link

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("metric_collection.collector.embedded.urls"),
]


def test_the_first_account_has_a_link_until_it_has_a_password(client):
    link = one_time_link()
    assert one_time_link() is not None
    user = get_user_model().objects.get()
    assert user.is_superuser
    assert not user.has_usable_password()
    page = client.get(link, follow=True)
    secret = "correct horse battery"
    fields = {"new_password1": secret, "new_password2": secret}
    answer = client.post(page.redirect_chain[-1][0], fields)
    assert answer.url == "/admin/"
    assert one_time_link() is None
    assert not client.get(link).context["validlink"], "a link works once"


def test_the_login_is_limited_by_network(client, settings, monkeypatch):
    monkeypatch.setattr(door, "limiter", Limiter())
    settings.METRIC_COLLECTOR_RATE = 20
    fields = {"username": "admin", "password": "guess"}
    tried = [client.post("/admin/login/", fields).status_code for _ in range(3)]
    assert tried == [200, 200, 429]
    assert client.get("/admin/login/").status_code == 200
