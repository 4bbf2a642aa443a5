"""The rows of facts, values and usage names that a batch needs, made where they are missing.

All of it happens in the transaction that counts, with the sites locked. So no two processes make the same
row, and no value is deleted between looking it up and counting it.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import TypeAlias, TypeVar

from ..conf import conf
from ..models import Fact, UsageName, Value, digest
from .texts import Role, clean, value_of

T = TypeVar("T")
ValueKey: TypeAlias = "tuple[int, str, str]"  # fact id, role, text
NameKey: TypeAlias = "tuple[int, str, str, str | None]"  # site id, category, action, name

CHUNK = 500
MOST_FACTS, NEW_FACTS = 100, 20  # undeclared facts of a site, in all and in one day
MOST_NAMES, NEW_NAMES = 2000, 200  # usage names of a site, in all and in one day
OTHER = "(other)"


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """Split items into as many as one statement can name."""
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


class Facts:
    """The facts of some sites, by site and name; `refused` counts those over a site's limit."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.refused: Counter[int] = Counter()
        self._found: dict[tuple[int, uuid.UUID], Fact] = {}
        self._room: dict[int, int] = {}

    def load(self, wanted: Iterable[tuple[int, str, bool, str]]) -> None:
        """Find or make a fact for each (site, name, whether it is built in, a value)."""
        missing: dict[tuple[int, uuid.UUID], Fact] = {}
        keyed = [
            (site_id, digest_of(name, built_in), name, built_in, text)
            for site_id, name, built_in, text in wanted
        ]
        self._find({(site_id, key) for site_id, key, *_ in keyed})
        for site_id, key, name, is_built_in, text in keyed:
            if (site_id, key) not in self._found:
                fact = missing.setdefault(
                    (site_id, key), self._new(site_id, key, name, is_built_in)
                )
                if (is_built_in or name.endswith(" Version")) and is_version(text):
                    fact.kind = Fact.Kind.VERSION
        for found, fact in missing.items():
            if fact.is_built_in or self._has_room(fact.site_id):
                fact.save()
                self._found[found] = fact

    def _new(self, site_id: int, key: uuid.UUID, name: str, is_built_in: bool) -> Fact:
        return Fact(
            site_id=site_id,
            name=clean(name),
            digest=key,
            is_built_in=is_built_in,
            first_seen=self.today,
        )

    def get(self, site_id: int, name: str, *, is_built_in: bool = False) -> Fact | None:
        return self._found.get((site_id, digest_of(name, is_built_in)))

    def _find(self, keys: Collection[tuple[int, uuid.UUID]]) -> None:
        sites = {site_id for site_id, _ in keys}
        for chunk in chunks({key for _, key in keys}):
            for fact in Fact.objects.filter(site__in=sites, digest__in=chunk):
                self._found[fact.site_id, fact.digest] = fact

    def _has_room(self, site_id: int) -> bool:
        """Whether the site may have one more undeclared fact."""
        if site_id not in self._room:
            undeclared = Fact.objects.filter(site=site_id, is_declared=False, is_built_in=False)
            in_all = MOST_FACTS - undeclared.count()
            self._room[site_id] = min(
                in_all, NEW_FACTS - undeclared.filter(first_seen=self.today).count()
            )
        self._room[site_id] -= 1
        if self._room[site_id] < 0:
            self.refused[site_id] += 1
        return self._room[site_id] >= 0


@lru_cache(maxsize=10_000)
def digest_of(name: str, is_built_in: bool) -> uuid.UUID:
    """Return the digest of a fact: a built-in one is another than a reported one of its name."""
    return digest("built-in", name) if is_built_in else digest(clean(name))


def is_version(text: str) -> bool:
    return value_of(Fact.Kind.VERSION, text)[0] != Role.OTHER


@lru_cache(maxsize=50_000)
def digest_of_text(text: str) -> uuid.UUID:
    return digest(text)


class Values:
    """The values of some facts, by fact, role and text; `refused` counts those over a day's limit."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.refused: Counter[int] = Counter()
        self._ids: dict[ValueKey, int] = {}

    def load(self, wanted: Iterable[tuple[Fact, str]]) -> None:
        """Find or make a value for each fact and text; those over a day's limit are "(other)"."""
        pairs = list(wanted)
        sites = {fact.pk: fact.site_id for fact, _ in pairs}
        keys = {(fact.pk, *value_of(fact.kind, text)) for fact, text in pairs}
        keys |= {(fact_id, Role.OTHER, "") for fact_id, *_ in keys}
        self._find(keys)
        missing = [key for key in sorted(keys) if key not in self._ids]
        room = self._room({fact_id for fact_id, *_ in missing})
        new = []
        for fact_id, role, text in missing:
            room[fact_id] -= role == Role.NAMED
            if role == Role.NAMED and room[fact_id] < 0:
                self.refused[sites[fact_id]] += 1
            else:
                new.append((fact_id, role, text))
        Value.objects.bulk_create([self._row(*key) for key in new], batch_size=CHUNK)
        self._find(new)
        self._touch()

    def get(self, fact: Fact, text: str) -> int:
        role, stored = value_of(fact.kind, text)
        return self._ids.get((fact.pk, role, stored)) or self._ids[fact.pk, Role.OTHER, ""]

    def _find(self, keys: Iterable[ValueKey]) -> None:
        by_digest = {(fact_id, role, digest_of_text(text)): text for fact_id, role, text in keys}
        facts = {fact_id for fact_id, *_ in by_digest}
        for chunk in chunks({key for *_, key in by_digest}):
            rows = Value.objects.filter(fact__in=facts, digest__in=chunk)
            for pk, fact_id, role, key in rows.values_list("pk", "fact_id", "role", "digest"):
                if (fact_id, role, key) in by_digest:
                    self._ids[fact_id, role, by_digest[fact_id, role, key]] = pk

    def _room(self, facts: Iterable[int]) -> Counter[int]:
        """Return how many new values each fact may have today."""
        new = Value.objects.filter(fact__in=facts, first_seen=self.today, role=Role.NAMED)
        taken = Counter(new.values_list("fact_id", flat=True))
        return Counter({fact_id: conf.VALUES_PER_DAY - taken[fact_id] for fact_id in facts})

    def _row(self, fact_id: int, role: str, text: str) -> Value:
        return Value(
            fact_id=fact_id,
            role=role,
            text=text,
            digest=digest_of_text(text),
            first_seen=self.today,
            last_seen=self.today.replace(day=1),
        )

    def _touch(self) -> None:
        """Note the month in which a value was last seen."""
        month = self.today.replace(day=1)
        for chunk in chunks(self._ids.values()):
            Value.objects.filter(pk__in=chunk, last_seen__lt=month).update(last_seen=month)


class Names:
    """The usage names of some sites; `refused` counts those over a site's limit."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.refused: Counter[int] = Counter()
        self._ids: dict[tuple[int, uuid.UUID], int] = {}

    def load(self, wanted: Iterable[NameKey]) -> None:
        """Find or make a row for each (site, category, action, name)."""
        names = {(key[0], digest(*key[1:])): key for key in map(cleaned, wanted)}
        self._find(names)
        missing = {found: key for found, key in names.items() if found not in self._ids}
        room = {site_id: self._room(site_id) for site_id in {site_id for site_id, _ in missing}}
        new = {}
        for found, key in missing.items():
            room[key[0]] -= 1
            if room[key[0]] < 0:
                self.refused[key[0]] += 1
                key = key[0], OTHER, OTHER, None  # noqa: PLW2901
                found = key[0], digest(*key[1:])  # noqa: PLW2901
            new[found] = key
        self._find(new)
        rows = [self._row(key) for found, key in new.items() if found not in self._ids]
        UsageName.objects.bulk_create(rows, batch_size=CHUNK)
        self._find(new)

    def get(self, key: NameKey) -> int:
        key = cleaned(key)
        found = self._ids.get((key[0], digest(*key[1:])))
        return found or self._ids[key[0], digest(OTHER, OTHER, None)]

    def _find(self, keys: Collection[tuple[int, uuid.UUID]]) -> None:
        sites = {site_id for site_id, _ in keys}
        for chunk in chunks({key for _, key in keys}):
            rows = UsageName.objects.filter(site__in=sites, digest__in=chunk)
            for pk, site_id, key in rows.values_list("pk", "site_id", "digest"):
                self._ids[site_id, key] = pk

    def _room(self, site_id: int) -> int:
        names = UsageName.objects.filter(site=site_id)
        today = names.filter(first_seen=self.today).count()
        return min(MOST_NAMES - names.count(), NEW_NAMES - today)

    def _row(self, key: NameKey) -> UsageName:
        site_id, category, action, name = key
        return UsageName(
            site_id=site_id,
            digest=digest(category, action, name),
            category=category,
            action=action,
            name=name or "",
            has_name=name is not None,
            first_seen=self.today,
        )


def cleaned(key: NameKey) -> NameKey:
    site_id, category, action, name = key
    return site_id, clean(category), clean(action), name if name is None else clean(name)
