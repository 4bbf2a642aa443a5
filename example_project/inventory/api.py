from rest_framework.serializers import ModelSerializer, SlugRelatedField
from rest_framework.viewsets import ModelViewSet

from inventory.filters import DeviceFilter
from inventory.models import Device, Site


class DeviceSerializer(ModelSerializer):
    site = SlugRelatedField(slug_field="name", queryset=Site.objects.all())

    class Meta:
        model = Device
        fields = ["id", "name", "kind", "site", "serial", "installed_on"]


class DeviceViewSet(ModelViewSet):
    queryset = Device.objects.select_related("site")
    serializer_class = DeviceSerializer
    filterset_class = DeviceFilter
