from django.db import models
from inventory.models import Device


class WorkOrder(models.Model):
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="work_orders")
    summary = models.CharField(max_length=200)
    due_on = models.DateField()
    done = models.BooleanField(default=False)

    class Meta:
        ordering = ["done", "due_on"]

    def __str__(self) -> str:
        return self.summary
