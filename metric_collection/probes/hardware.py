"""The model of the machine, if it is one that the publisher lists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext

from .linux.files import present
from .linux.firmware import board_model, device_tree, product_model
from .probe import Fact, Unknown
from .values.references import resolve

Models = Sequence[str] | Mapping[str, Any]


class Hardware:
    """Reports which of the publisher's ``models`` the machine is.

    A list has model names of the firmware: ``Raspberry Pi 4`` stands for all its revisions. A mapping
    has a name for each rule, and the first rule that holds decides: ``{"firmware": "Raspberry Pi 4"}``,
    ``{"compatible": "acme,kit"}`` for an entry of the device tree, ``{"i2c": 0x2F}`` for a device that
    the kernel knows at this address, or several of them, all of which have to hold; or a callable or
    its dotted path.
    """

    form = Fact(
        name="hardware",
        description="The model of the machine, if it is one that the publisher lists.",
        example="other",
        purpose="To know on which of the supported machines the product runs.",
        coarsened='"other" for every model that is not listed.',
    )

    def __init__(self, *, root: Path = Path("/"), models: Models = ()) -> None:
        self._root = root
        self._names = list(models)
        if not isinstance(models, Mapping):
            # The longest name first: the most exact one that fits is reported.
            longest_first = sorted(models, key=len, reverse=True)
            models = {model: {"firmware": model} for model in longest_first}
        self._rules: Mapping[str, Any] = models

    @property
    def facts(self) -> Sequence[Fact]:
        models = ", ".join([*self._names, "other"])
        description = gettext("The model of the machine: %(models)s.") % {"models": models}
        return [replace(self.form, description=description)]

    def gather(self) -> Mapping[str, object]:
        model = board_model(self._root) or product_model(self._root)
        listed = (name for name, rule in self._rules.items() if self._holds(rule, model))
        unlisted = "other" if model else Unknown("the firmware does not name a model")
        return {"hardware": next(listed, unlisted)}

    def _holds(self, rule: Any, model: str) -> bool:
        if not isinstance(rule, Mapping):
            return bool(resolve(rule))
        tests: dict[str, Callable[[Any], bool]] = {
            # Up to the end of a word: a "Raspberry Pi 4" is no "Raspberry Pi 400".
            "firmware": lambda beginning: f"{model} ".startswith(f"{beginning} "),
            "compatible": lambda entry: entry in device_tree(self._root, "compatible").split("\0"),
            "i2c": lambda address: present(self._root, f"sys/bus/i2c/devices/*-{address:04x}"),
        }
        return all(tests[name](value) for name, value in rule.items())
