"""Signals for the host project, sent with ``send_robust`` after the transaction is committed."""

from __future__ import annotations

from django.dispatch import Signal

#: The install was recorded. Arguments: ``facts``, a dictionary of fact name -> value.
installed = Signal()

#: An upgrade was recorded. Arguments: ``changes``, a dictionary of fact name -> ``(from, to)``, where
#: ``from`` is None for a fact that is new.
upgraded = Signal()

#: A superuser's choice was saved. Arguments: ``choice``, ``"granted"`` or ``"denied"``; ``before``, the
#: previous choice or ``"unknown"``; ``campaign_id`` and ``group``, None for the main switch.
consent_changed = Signal()
