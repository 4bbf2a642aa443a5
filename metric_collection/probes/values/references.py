"""References in settings: the value itself, a dotted path to it, or a callable that returns it."""

from types import ModuleType

from django.utils.module_loading import import_string

from .interrupting import call, without_exit


def resolve(setting: object) -> object:
    """The value of a string, a dotted path to a string or callable, or a callable.

    Raises ImportError for a path that leads nowhere, TimeoutError for a callable that takes too long,
    and whatever it raises itself.
    """
    found = follow(setting) if isinstance(setting, str) else setting
    return call(found) if callable(found) else found


def follow(text: str) -> object:
    """The object at a dotted path, or the string itself if it is no such path, like ``"1.2"``.

    Raises ImportError for a path that leads nowhere: a path is never sent in place of its value.
    Raises whatever importing raises, but RuntimeError for SystemExit.
    """
    if "." not in text or not all(part.isidentifier() for part in text.split(".")):
        return text
    with without_exit():
        found = import_string(text)
    if isinstance(found, ModuleType):
        raise ImportError(f"{text!r} is a module, not a value")  # noqa: TRY004  documented above
    return found
