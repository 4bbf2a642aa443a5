"""The make of the machine, as far as the publisher wants to know it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from django.utils.translation import gettext

from .linux.firmware import board_model, product_model
from .probe import Fact


class Hardware:
    """Reports which of the ``models`` that the publisher lists this machine is.

    A model is the beginning of what the firmware says: ``Raspberry Pi 4`` has all revisions.
    """

    form = Fact(
        name="hardware",
        description="The make of the machine, if it is one of those that the publisher lists.",
        example="other",
        purpose="To know on which of the supported machines the product runs.",
        coarsened='"other" for every model that is not listed.',
    )

    def __init__(self, *, root: Path = Path("/"), models: Sequence[str] = ()) -> None:
        self._root = root
        self._models = models

    @property
    def facts(self) -> Sequence[Fact]:
        models = ", ".join([*self._models, "other"])
        description = gettext("The make of the machine: %(models)s.") % {"models": models}
        return [replace(self.form, description=description)]

    def gather(self) -> Mapping[str, object]:
        model = board_model(self._root) or product_model(self._root)
        listed = [known for known in self._models if f"{model} ".startswith(f"{known} ")]
        return {"hardware": max(listed, key=len, default="other") if model else None}
