"""The Python and Django that the product runs in."""

import platform
import sys
from collections.abc import Mapping

import django

from .probe import Fact


class Runtime:
    """Reports the versions of Python and Django, and whether there is a virtual environment."""

    facts = (
        Fact(
            name="python_version",
            description="The version of Python.",
            example="3.13.1",
            purpose="To know which versions of Python have to be supported.",
        ),
        Fact(
            name="python_implementation",
            description="The implementation of Python.",
            example="cpython",
            purpose="To know which implementations of Python have to be supported.",
        ),
        Fact(
            name="django_version",
            description="The version of Django.",
            example="5.2.4",
            purpose="To know which versions of Django have to be supported.",
        ),
        Fact(
            name="venv",
            description="Whether Python runs in a virtual environment.",
            example="true",
            purpose="To know whether the installation instructions are followed.",
        ),
    )

    def gather(self) -> Mapping[str, object]:
        return {
            "python_version": platform.python_version(),
            "python_implementation": sys.implementation.name,
            "django_version": django.get_version(),
            "venv": sys.prefix != sys.base_prefix,
        }
