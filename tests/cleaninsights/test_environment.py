from __future__ import annotations

import re

import pytest

from metric_collection.cleaninsights.environment import accept_language, user_agent


@pytest.mark.parametrize(
    ("environ", "header"),
    [
        ({}, None),
        ({"LANG": "C.UTF-8"}, None),
        ({"LANG": "POSIX", "LC_ALL": ""}, None),
        ({"LANG": "de_AT.UTF-8"}, "de-AT;q=1"),
        ({"LANG": "de_AT@euro", "LC_MESSAGES": "en_GB.UTF-8"}, "en-GB;q=1"),
        ({"LANG": "C", "LC_ALL": "fr_FR", "LC_MESSAGES": "en_GB"}, "fr-FR;q=1"),
        ({"LANG": "C", "LANGUAGE": "de_AT:de::en"}, "de-AT;q=1,de;q=0.9,en;q=0.8"),
        (
            {"LANGUAGE": "a:b:c:d:e:f:g:h"},
            "a;q=1,b;q=0.9,c;q=0.8,d;q=0.7,e;q=0.6,f;q=0.5",
        ),
    ],
)
def test_languages_are_told_like_an_accept_language_header(environ, header):
    assert accept_language(environ) == header


def test_the_user_agent_is_python_without_patch_level():
    assert re.fullmatch(r"Python/3\.\d+ \(\w+\)", user_agent())
