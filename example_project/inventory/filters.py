from django_filters import rest_framework as filters

from inventory.models import Device


class DeviceFilter(filters.FilterSet):
    site = filters.CharFilter(field_name="site__name", lookup_expr="iexact")
    installed_before = filters.DateFilter(field_name="installed_on", lookup_expr="lt")

    class Meta:
        model = Device
        fields = ["kind", "site", "installed_before"]
