"""Announcing a choice to the host project, after the commit."""

from __future__ import annotations

from functools import partial

from django.db import router, transaction

from ..models import Consent
from ..signals import consent_changed


def announce(
    choice: Consent.Choice,
    before: Consent.Choice,
    *,
    campaign_id: str | None = None,
    group: str | None = None,
) -> None:
    """Send `consent_changed` once the open transaction is committed, unless nothing has changed."""
    if choice == before:
        return
    send = partial(
        consent_changed.send_robust,
        sender=Consent,
        choice=choice.value,
        before=before.value,
        campaign_id=campaign_id,
        group=group,
    )
    transaction.on_commit(send, using=router.db_for_write(Consent), robust=True)
