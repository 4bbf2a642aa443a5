from django.contrib import admin

from maintenance.models import WorkOrder


@admin.register(WorkOrder)
class WorkOrderAdmin(admin.ModelAdmin):
    list_display = ["summary", "device", "due_on", "done"]
    list_editable = ["done"]
    list_filter = ["done", "device__site"]
    autocomplete_fields = ["device"]
    date_hierarchy = "due_on"
