import platform
import sys

import django

from metric_collection.probes.runtime import Runtime


def test_python_and_django_are_reported():
    assert Runtime().gather() == {
        "python_version": platform.python_version(),
        "python_implementation": sys.implementation.name,
        "django_version": django.get_version(),
        "venv": sys.prefix != sys.base_prefix,
    }


def test_outside_of_a_virtual_environment_there_is_none(monkeypatch):
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert Runtime().gather()["venv"] is False
