"""The operator's browser, as far as the demo needs one."""

import requests
from django.urls import reverse

INDEX = reverse("admin:index")
PAGE = reverse("admin:usage_metrics_system_info")


class Operator:
    """A superuser, logged in to the admin at `site`."""

    def __init__(self, site: str, user: str, password: str) -> None:
        self.site = site
        self.session = requests.Session()
        self.session.trust_env = False
        self.submit(reverse("admin:login"), username=user, password=password, next=INDEX)

    def is_asked(self) -> bool:
        """Whether the admin index shows the notice."""
        return "Keep on" in self.session.get(self.site + INDEX, timeout=10).text

    def switch_off(self) -> None:
        """Press the button on the System information page."""
        self.submit(PAGE, choice="off")

    def submit(self, path: str, **fields: str) -> None:
        """Open the page, fill in its form and send it; the answer is the page that follows."""
        self.session.get(self.site + path, timeout=10).raise_for_status()
        token = self.session.cookies["csrftoken"]
        form = fields | {"csrfmiddlewaretoken": token}
        self.session.post(self.site + path, data=form, timeout=10).raise_for_status()
