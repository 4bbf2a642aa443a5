from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ModelViewSet

from maintenance.models import WorkOrder


class WorkOrderSerializer(ModelSerializer):
    class Meta:
        model = WorkOrder
        fields = ["id", "device", "summary", "due_on", "done"]


class WorkOrderViewSet(ModelViewSet):
    queryset = WorkOrder.objects.all()
    serializer_class = WorkOrderSerializer
    filterset_fields = ["device", "done"]
