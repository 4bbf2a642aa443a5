"""A whole process that migrates, from the start of Django to the end."""

import time

import django
from django.core.management import call_command


def measure() -> dict[str, float]:
    began = time.process_time()
    django.setup()
    call_command("migrate", verbosity=0, skip_checks=False)
    return {"cpu": (time.process_time() - began) * 1000}
