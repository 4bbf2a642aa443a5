"""Libraries of the publisher's choice, which need not be Django apps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.utils.translation import gettext

from ..conf.settings import conf
from .distributions.metadata import Distribution, installed
from .probe import Compared, Fact
from .values.text import public_version


class Libraries:
    """Reports the distributions of ``METRIC_COLLECTION_LIBRARIES`` that are installed."""

    form = Fact(
        name="<library>",
        description="The version of an installed library.",
        example="2.0.1",
        purpose="To know which versions of the libraries releases have to work with.",
        compared=Compared.VERSION,
    )

    @property
    def facts(self) -> Sequence[Fact]:
        return [
            replace(
                self.form,
                name=library.name,
                description=gettext("The version of the installed library %(name)s.")
                % {"name": library.name},
                example=public_version(library.version or "") or self.form.example,
            )
            for library in _libraries()
        ]

    def gather(self) -> Mapping[str, object]:
        return {library.name: library.version for library in _libraries()}


def _libraries() -> list[Distribution]:
    return [library for name in conf.LIBRARIES if (library := installed(name))]
