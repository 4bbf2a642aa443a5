from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path
from django.views.generic import RedirectView
from inventory.api import DeviceViewSet
from maintenance.api import WorkOrderViewSet
from rest_framework.routers import DefaultRouter

admin.site.site_header = admin.site.site_title = "Rackbook"

router = DefaultRouter()
router.register("devices", DeviceViewSet)
router.register("work-orders", WorkOrderViewSet)

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
    *staticfiles_urlpatterns(),
]
