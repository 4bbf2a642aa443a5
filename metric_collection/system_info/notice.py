"""The notice: superusers are told once what is shared, and again of facts that an update has added."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from weakref import ref

from django.contrib import messages
from django.contrib.messages.storage.base import BaseStorage
from django.core.signals import setting_changed
from django.db import DatabaseError, Error, router, transaction
from django.db.models.signals import post_migrate
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from ..campaigns import campaigns
from ..conf.settings import Mode, conf
from ..consent import rules as consent
from ..consent.choice import disclose, names_to_tell, undisclosed
from ..consent.rules import Rule
from ..models import Consent
from ..models.transactions import atomic


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is to be told: of the metrics as such, or with `news` of facts and campaigns that are new."""

    position: consent.Ruling
    news: Sequence[str] = ()

    @property
    def new_facts(self) -> list[str]:
        return [name for name in self.news if name not in self.new_campaigns]

    @property
    def new_campaigns(self) -> list[str]:
        titles = {declared.title for declared in campaigns().values()}
        return [name for name in self.news if name in titles]

    @property
    def product(self) -> str:
        return conf.PRODUCT

    @property
    def asks(self) -> bool:
        """Whether nothing happens without a yes."""
        return self.position.rule is Rule.OPT_IN

    @property
    def is_awaited(self) -> bool:
        """Whether what it tells of is not sent before it is told."""
        return conf.CONSENT is not Mode.OPT_OUT

    @property
    def announces_opt_out(self) -> bool:
        """Whether switching off sends one last event."""
        return conf.REPORT_OPT_OUT and self.position.sends


def open_notice(row: Consent) -> Notice | None:
    """Return the notice that has not been shown yet, if any."""
    position = consent.by_operator(row)
    if is_overruled() or position.rule is Rule.DENIED:
        return None
    if row.notice_shown_at is None and row.choice == Consent.Choice.UNKNOWN:
        return Notice(position=position)
    if position.rule is Rule.OPT_IN:
        return None  # shown before; only a yes discloses anything here
    news = undisclosed(names_to_tell(row), row)
    return Notice(position=position, news=news) if news else None


def unanswered(row: Consent) -> Notice | None:
    """Return the notice for the page, where it stands until somebody has decided."""
    if is_overruled() or row.choice != Consent.Choice.UNKNOWN:
        return None
    return Notice(position=consent.by_operator(row))


def is_overruled() -> bool:
    """Whether nothing can be gathered here for now, so that there is nothing to tell."""
    return bool(consent.switched_off() or consent.silenced())


def on_page(row: Consent, *, now: datetime) -> tuple[Consent, Notice | None]:
    """Return what a superuser is told on the page, and the row with that remembered.

    It is written only where something waits for it; the index has its own turn in any case. A database
    that takes no writes shows the page all the same, and the notice again.
    """
    notice = open_notice(row)
    if notice is None:
        return row, unanswered(row)
    if notice.is_awaited:
        with suppress(Error), atomic():
            disclose(row, now=now)
        return Consent.objects.current(), notice
    return row, notice


class Told:
    """Something to refer to weakly."""


class Memory:
    """Whether this process knows that there is nothing to tell, so that it need not ask again.

    Facts change with a new process. Within a transaction it counts at once, but only a commit keeps
    it: until then nothing but the connection's list of callbacks holds it, and a rollback drops that.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self, **_: Any) -> None:
        """Ask again: the rows or the settings may be others now."""
        self._kept: Told | None = None
        self._latest: ref[Told] | None = None

    def keep(self) -> None:
        """Remember, with the transaction that is open on our database, if any."""
        told = Told()
        self._latest = ref(told)
        transaction.on_commit(partial(self._commit, told), using=router.db_for_write(Consent))

    @property
    def is_told(self) -> bool:
        """Whether there is nothing to tell."""
        return self._latest is not None and self._latest() is not None

    def _commit(self, told: Told) -> None:
        self._kept = told


memory = Memory()
# Tests flush the database and change settings while their process goes on.
for signal in (post_migrate, setting_changed):
    signal.connect(memory.forget, dispatch_uid="metric_collection.system_info.notice")


def announce(request: HttpRequest, *, url: str, now: datetime) -> None:
    """Add the open notice to the messages of a superuser's request; `url` is that of the page.

    One query, one write with the notice, and none once this process knows that all is told. Where the tables are
    missing the index does without the notice.
    """
    if memory.is_told or is_overruled() or not can_tell(request):
        return
    try:
        row = Consent.objects.current()
        notice = open_notice(row)
        if notice is not None:
            with atomic():  # so that a failure leaves the transaction of a whole request as it was
                disclose(row, now=now)
        memory.keep()
    except DatabaseError:
        return
    if notice is not None:
        messages.info(request, rendered(notice, request, url=url))


def can_tell(request: HttpRequest) -> bool:
    """Whether messages are in use here and one of this level is not dropped."""
    in_use = isinstance(messages.get_messages(request), BaseStorage)
    return in_use and messages.get_level(request) <= messages.INFO


def rendered(notice: Notice, request: HttpRequest, *, url: str) -> str:
    """Write the notice without the host's context processors, which may ask the database."""
    context = {"notice": notice, "url": url, "csrf_token": get_token(request)}
    return render_to_string("usage_metrics/notice.html", context)
