"""Sphinx: ``python -m sphinx -W -n -b html docs build/docs``, offline as well."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.conf import settings

sys.path.insert(0, str(Path(__file__).parent.parent))

# Autodoc imports the models, which need the settings of a project.
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "metric_collection",
    ],
)
django.setup()

import metric_collection  # noqa: E402

project = "django-metric-collection"
author = copyright = "The metric_collection developers"
release = version = metric_collection.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.intersphinx", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = f"metric_collection {release}"
html_show_sphinx = False

autodoc_typehints = "description"
autodoc_member_order = "bysource"

# The inventories are read where there is a network for them; a build offline has the same pages
# without these links.
if "READTHEDOCS" in os.environ or "SPHINX_ONLINE" in os.environ:
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "django": ("https://docs.djangoproject.com/en/stable/", None),
        "celery": ("https://docs.celeryq.dev/en/stable/", None),
        "requests": ("https://requests.readthedocs.io/en/latest/", None),
    }
# References to other projects can only be resolved online.
nitpick_ignore_regex = [
    (r"py:.*", r"(collections|contextlib|datetime|django|os|pathlib|requests|typing|unittest)\..*"),
    (
        r"py:.*",
        r"(bool|bytes|float|int|str|None|Any|Callable|Clock|Iterable|Mapping|Path|Sequence|datetime)",
    ),
]
