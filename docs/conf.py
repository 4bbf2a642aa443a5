"""Sphinx: ``python -m sphinx -W -n -b html docs build/docs``, offline as well."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import django
from django.conf import settings
from docutils import nodes
from sphinx.application import Sphinx

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

# The pages whose tables have the settings in their first column, by the settings' prefixes.
SETTINGS = {"METRIC_COLLECTION": "reference/settings", "METRIC_COLLECTOR": "reference/collector"}


def setup(app: Sphinx) -> None:
    app.connect("doctree-resolved", link_settings)


def link_settings(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link each ``SETTING`` to its row in the reference."""
    for literal in list(doctree.findall(nodes.literal)):
        found = re.fullmatch(r"(METRIC_COLLECT(?:ION|OR))(?:_[A-Z_]+)?", literal.astext())
        if not found or isinstance(literal.parent, nodes.reference):
            continue
        anchor, page = nodes.make_id(found[0]), SETTINGS[found[1]]
        entry = literal.parent.parent
        is_row = isinstance(entry, nodes.entry) and entry.parent.index(entry) == 0
        if docname == page and is_row:
            literal["ids"].append(anchor)
        elif app.builder.format == "html":
            uri = app.builder.get_relative_uri(docname, page)
            link = nodes.reference(refuri=f"{uri}#{anchor}", internal=True)
            literal.replace_self(link)
            link += literal
