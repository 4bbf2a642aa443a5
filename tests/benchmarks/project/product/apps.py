from django.apps import AppConfig
from django.conf import settings


class ProductConfig(AppConfig):
    name = "product"

    def ready(self) -> None:
        if settings.HOST["side"] == "peer" and settings.HOST["collector"]:
            point_peer_to(settings.HOST["collector"])


def point_peer_to(url: str) -> None:
    """Give the peer, which has no setting for it, another collector than that of its makers."""
    from openwisp_utils.metric_collection import helper  # noqa: PLC0415  on one side only

    helper.post_metrics.__defaults__ = (url,)
