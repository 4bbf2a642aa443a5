from django.apps import AppConfig


class LabelsConfig(AppConfig):
    name = "rackbook_labels"
    verbose_name = "Labels"
