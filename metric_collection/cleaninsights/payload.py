"""The body of a request to the Clean Insights Matomo Proxy (CIMP)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from .clock import epoch_seconds
from .exceptions import MISSING, PayloadError

if TYPE_CHECKING:
    from .datapoints import DataPoint, Event, Visit

TEXT_LIMIT: Final = 255  # characters that Matomo keeps of an event's strings

_UNSENDABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_EXACT_FLOATS: Final = 2.0**53  # from here on not every whole number is a float

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_LARGEST: Final = 2**31 - 1  # of an integer column in four bytes
_LARGEST_VALUE: Final = 10**15
_LAST_MOMENT: Final = 2**33  # in the year 2242
_CATEGORIES: Final = frozenset({"Install", "Upgrade", "Heartbeat"})


def encode(
    site_id: int,
    *,
    events: Iterable[Event] = (),
    visits: Iterable[Visit] = (),
    lang: str | None = None,
    ua: str | None = None,
) -> bytes:
    """Return the compact JSON that is posted, escaped to ASCII so that any database can store it."""
    body = {
        "idsite": site_id,
        "lang": lang if lang is None else clean(lang),
        "ua": ua if ua is None else clean(ua),
        "visits": [{"action_name": clean(visit.identity), **_period(visit)} for visit in visits]
        or None,
        "events": [_event(event) for event in events] or None,
    }
    return compact(_present(body))


def compact(body: Mapping[str, Any]) -> bytes:
    """Return a body as `encode` writes it."""
    return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()


def clean(text: str) -> str:
    """Return the string with U+FFFD for control characters and lone surrogates."""
    return _UNSENDABLE.sub("\ufffd", text)


def _event(event: Event) -> dict[str, Any]:
    return _present(
        {
            "category": sendable(event.category),
            "action": sendable(event.action),
            "name": event.name if event.name is None else sendable(event.name),
            "value": event.value if event.value is None else _number(event.value),
            **_period(event),
        }
    )


def _period(point: DataPoint) -> dict[str, int]:
    return {
        "times": point.times,
        "period_start": epoch_seconds(point.period_start),
        "period_end": epoch_seconds(point.period_end),
    }


def sendable(text: str) -> str:
    """Return the part of a string that is sent, so that nothing else is stored, compared or shown."""
    return clean(text[:TEXT_LIMIT])


def _number(value: float) -> float | None:
    """Return 2 for 2.0 and True, as JavaScript writes them; None for NaN and infinity."""
    if isinstance(value, int):
        return int(value)
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < _EXACT_FLOATS else value


def _present(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that a receiver stores of one report: events and visits, and facts among them."""

    events: int
    facts: int


def decode(body: bytes, *, limits: Limits | None = None) -> dict[str, Any]:
    """Return a body as CIMP would read it, or raise PayloadError naming the first key that is wrong.

    With limits, also refuse values that some database cannot store: NUL, lone surrogates, moments outside of 0
    to 2^33, numbers of 2^31 and more.
    """
    try:
        parsed: dict[str, Any] = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise PayloadError("body", body, "JSON in UTF-8") from None
    if limits is not None and isinstance(parsed, dict):
        # Before each of them is checked: counting is quick, however many there are.
        lists = [
            found for key in ("events", "visits") if isinstance(found := parsed.get(key), list)
        ]
        if (number := sum(map(len, lists))) > limits.events:
            raise PayloadError("events", number, f"at most {limits.events} events and visits")
    try:
        _expect_object(parsed, required=("idsite",), known=_BODY)
    except PayloadError as error:
        raise error if error.path else error.below("body") from None
    if limits is not None:
        _limit_values(parsed, limits, texts=b"\\u" in body)
    return parsed


def _limit_values(parsed: Mapping[str, Any], limits: Limits, *, texts: bool) -> None:
    """Refuse values that cannot be stored; only an escape in the body can have made such a string."""
    _limit("idsite", parsed["idsite"], 1, _LARGEST)
    for key in ("events", "visits"):
        for index, point in enumerate(parsed.get(key, ())):
            if _is_storable(point) and not texts:
                continue
            path = f"{key}[{index}]"
            _limit(f"{path}.times", point["times"], 1, _LARGEST)
            _limit(f"{path}.value", point.get("value", 0), -_LARGEST_VALUE, _LARGEST_VALUE)
            for edge in ("period_start", "period_end"):
                _limit(f"{path}.{edge}", point[edge], 0, _LAST_MOMENT)
            for name in ("category", "action", "name", "action_name"):
                if _UNSTORABLE.search(point.get(name, "")):
                    raise PayloadError(
                        f"{path}.{name}", point[name], "text without NUL or surrogates"
                    )
    facts = sum(event["category"] in _CATEGORIES for event in parsed.get("events", ()))
    if facts > limits.facts:
        raise PayloadError("events", facts, f"at most {limits.facts} facts")


def _is_storable(point: Mapping[str, Any]) -> bool:
    return bool(
        point["times"] <= _LARGEST
        and 0 <= point["period_start"] <= _LAST_MOMENT
        and 0 <= point["period_end"] <= _LAST_MOMENT
        and -_LARGEST_VALUE <= point.get("value", 0) <= _LARGEST_VALUE
    )


def _limit(path: str, found: float, least: int, most: int) -> None:
    if not least <= found <= most:
        raise PayloadError(path, found, f"a number from {least} to {most}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


# Checks name no path: it is put together by those who called them, and only when one fails.
_Check: TypeAlias = Callable[[Any], None]


def _expect_object(found: Any, *, required: Iterable[str], known: Mapping[str, _Check]) -> None:
    if not isinstance(found, dict):
        raise PayloadError("", found, "an object")
    for key in required:
        if key not in found:
            raise PayloadError(key, MISSING, "a value")
    try:
        for key, value in found.items():
            known[key](value)
    except KeyError:
        raise PayloadError(key, value, f"no other keys than {', '.join(known)}") from None
    except PayloadError as error:
        raise error.below(key) from None


def _whole(found: Any) -> None:
    if type(found) is int or (isinstance(found, float) and found.is_integer()):
        return
    raise PayloadError("", found, "a whole number")


def _positive(found: Any) -> None:
    _whole(found)
    if found < 1:
        raise PayloadError("", found, "a whole number >= 1")


def _finite(found: Any) -> None:
    if type(found) is int or (isinstance(found, float) and math.isfinite(found)):
        return
    raise PayloadError("", found, "a number")


def _text(found: Any) -> None:
    if not isinstance(found, str):
        raise PayloadError("", found, "text")


def _some_text(found: Any) -> None:
    _text(found)
    if not found:
        raise PayloadError("", found, "text that is not empty")


def _list_of(required: Iterable[str], known: Mapping[str, _Check]) -> _Check:
    def check(found: Any) -> None:
        if not isinstance(found, list):
            raise PayloadError("", found, "a list")
        index = 0
        try:
            for index, item in enumerate(found):  # noqa: B007  named in the error
                _expect_object(item, required=required, known=known)
        except PayloadError as error:
            raise error.below(f"[{index}]") from None

    return check


_PERIOD: Final[Mapping[str, _Check]] = {
    "period_start": _whole,
    "period_end": _whole,
    "times": _positive,
}
_VISIT: Final[Mapping[str, _Check]] = {"action_name": _some_text, **_PERIOD}
_NAMED: Final[Mapping[str, _Check]] = {"category": _some_text, "action": _some_text, **_PERIOD}
_EVENT: Final[Mapping[str, _Check]] = {**_NAMED, "name": _text, "value": _finite}
_BODY: Final[Mapping[str, _Check]] = {
    "idsite": _positive,
    "lang": _text,
    "ua": _text,
    "visits": _list_of(_VISIT, _VISIT),
    "events": _list_of(_NAMED, _EVENT),
}
