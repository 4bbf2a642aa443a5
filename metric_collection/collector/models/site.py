"""The products that are collected for."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from .rows import PrimaryManager

LARGEST_ID = 2**30 - 1  # above are the self-check's sites, each of one hour
IDS = f"%(value)s is not the id of a site: 1 to {LARGEST_ID}."
LONGEST_STEM = 39  # a slug of 50 characters, without a hyphen and an id


def validate_excluded(rules: Any) -> None:
    """Refuse anything but a list of rules, each with a fact and a pattern."""
    wrong = [each for each in rules if not is_rule(each)] if isinstance(rules, list) else [rules]
    if wrong:
        raise ValidationError(
            _(
                "%(found)s is not a rule. Write a list of rules, each with a fact and a pattern in quotes, for"
                ' example [{"fact": "Acme Version", "pattern": "2.4.0*"}].'
            ),
            params={"found": json.dumps(wrong[0], ensure_ascii=False)[:200]},
        )


def is_rule(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and set(found) == {"fact", "pattern"}
        and all(isinstance(text, str) for text in found.values())
    )


class SiteQuerySet(models.QuerySet["Site"]):
    def add(self, site_id: int, name: str, *, is_public: bool = False) -> Site:
        """Add a product, with a free slug; raise ValueError if its id or name is not valid."""
        name = name.strip()
        slug = self._free_slug(slugify(name)[:LONGEST_STEM], site_id)
        site = self.model(id=site_id, name=name, slug=slug, is_public=is_public)
        try:
            name.encode()  # a byte of the command line that is no UTF-8 is a lone surrogate
            site.full_clean()
            site.save(force_insert=True)
        except (ValidationError, UnicodeError) as error:
            problems = error.messages if isinstance(error, ValidationError) else [str(error)]
            raise ValueError(
                f"Site {site_id} with the name {name!r} cannot be added. {' '.join(problems)}"
            ) from error
        return site

    def _free_slug(self, stem: str, site_id: int) -> str:
        last = f"site-{site_id}"
        wanted = [stem, f"{stem}-{site_id}"] if stem else []
        taken = set(self.filter(slug__in=wanted).values_list("slug", flat=True))
        return next((slug for slug in wanted if slug not in taken), last)

    def products(self) -> SiteQuerySet:
        return self.filter(pk__lte=LARGEST_ID)

    def of_self_check(self) -> SiteQuerySet:
        return self.filter(pk__gt=LARGEST_ID)

    def public(self) -> SiteQuerySet:
        return self.filter(is_public=True)

    def locked(self, ids: list[int]) -> dict[int, Site]:
        """Lock these sites until the transaction ends, in one order, so that writers of numbers take turns."""
        return {
            site.pk: site for site in self.filter(pk__in=ids).order_by("pk").select_for_update()
        }


class Site(models.Model):
    """A product. Its id is the ``idsite`` in the reports."""

    id = models.PositiveIntegerField(
        _("site id"),
        primary_key=True,
        validators=[MinValueValidator(1, IDS), MaxValueValidator(LARGEST_ID, IDS)],
    )
    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(_("slug"), unique=True)
    is_public = models.BooleanField(_("public"), default=False)
    product_fact = models.CharField(
        _("product fact"),
        max_length=255,
        blank=True,
        help_text=_(
            "The fact with the product's version. Default: the first ending in “ Version”."
        ),
    )
    excluded = models.JSONField(
        _("excluded reports"),
        default=list,
        blank=True,
        validators=[validate_excluded],
        help_text=_('Not counted, e.g. [{"fact": "Acme Version", "pattern": "2.4.0*"}].'),
    )
    learn_more = models.URLField(_("learn more"), blank=True)

    objects = PrimaryManager.from_queryset(SiteQuerySet)()

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.excluded = self.excluded or []  # an emptied field is None

    @cached_property
    def exclusions(self) -> list[tuple[str, str]]:
        """The fact and the pattern of each rule; a malformed rule excludes nothing."""
        rules = self.excluded if isinstance(self.excluded, list) else []
        return [(rule["fact"], rule["pattern"]) for rule in rules if is_rule(rule)]
