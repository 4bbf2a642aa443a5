from django.contrib import admin
from import_export.admin import ImportExportModelAdmin
from import_export.resources import ModelResource

from inventory.models import Device, Site


class DeviceResource(ModelResource):
    class Meta:
        model = Device
        import_id_fields = ["serial"]
        fields = ["serial", "name", "kind", "site", "installed_on"]


@admin.register(Device)
class DeviceAdmin(ImportExportModelAdmin):
    resource_classes = [DeviceResource]
    list_display = ["name", "kind", "site", "serial", "installed_on"]
    list_filter = ["kind", "site"]
    search_fields = ["name", "serial"]


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin):
    list_display = ["name", "address"]
    search_fields = ["name"]
