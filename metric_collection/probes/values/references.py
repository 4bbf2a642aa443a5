"""What a setting stands for: the value itself, a dotted path to it, or a callable that makes it."""

from types import ModuleType

from django.utils.module_loading import import_string


def resolve(setting: object) -> object:
    """The value of a text, a dotted path to a text or callable, or a callable.

    What a callable raises comes through.
    """
    found = follow(setting) if isinstance(setting, str) else setting
    return found() if callable(found) else found


def follow(text: str) -> object:
    """What a dotted path leads to, or the text itself when it leads nowhere, such as ``"1.2"``."""
    if "." not in text or not all(part.isidentifier() for part in text.split(".")):
        return text
    try:
        found = import_string(text)
    except ImportError:
        return text
    return text if isinstance(found, ModuleType) else found
