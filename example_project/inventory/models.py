from django.db import models


class Site(models.Model):
    name = models.CharField(max_length=80, unique=True)
    address = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Device(models.Model):
    class Kind(models.TextChoices):
        ROUTER = "router", "Router"
        SWITCH = "switch", "Switch"
        ACCESS_POINT = "access-point", "Access point"
        SERVER = "server", "Server"

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="devices")
    serial = models.CharField("serial number", max_length=40, unique=True)
    installed_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
