from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy

from metric_collection.probes.values.text import numbers_of, plain_text, public_version


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ('a & b <c> "é"', 'a & b <c> "é"'),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (2.5, "2.5"),
        (Decimal("1.50"), "1.50"),
        (date(2026, 3, 1), "2026-03-01"),
        (gettext_lazy("Yes"), "Yes"),
        ("nul\x00 lone\ud800", "nul\ufffd lone\ufffd"),
        ("x" * 1000, "x" * 255),
    ],
)
def test_a_value_is_sent_as_plain_text(value, text):
    assert plain_text(value) == text


@pytest.mark.parametrize(
    "value", [["a"], {"a": 1}, object(), Path("/home"), User(username="ada"), b"bytes"]
)
def test_other_types_are_refused_and_not_quoted(value):
    with pytest.raises(TypeError, match=f"^{type(value).__name__} is not a valid value"):
        plain_text(value)


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("6.1.0-29-amd64", "6.1.0"), ("6.1.21+", "6.1.21"), ("2019Server", "2019"), ("rolling", "")],
)
def test_the_numbers_of_a_version_are_those_that_it_begins_with(version, numbers):
    assert numbers_of(version) == numbers


@pytest.mark.parametrize(
    ("version", "public"),
    [("1.3.2+acme.g1a2", "1.3.2"), ("1.3.2rc1", "1.3.2rc1"), ("2024.1-custom", "2024.1-custom")],
)
def test_a_public_version_has_no_local_part(version, public):
    assert public_version(version) == public
