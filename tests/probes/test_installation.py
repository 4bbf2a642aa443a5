import pytest

from metric_collection.probes.installation import VARIABLE, Installation


@pytest.mark.parametrize(
    ("setting", "environment", "method"),
    [
        ("deb", {VARIABLE: "docker"}, "deb"),
        (lambda: "ansible", {}, "ansible"),
        (None, {VARIABLE: "docker"}, "docker"),
        (None, {VARIABLE: ""}, "unspecified"),
        (None, {}, "unspecified"),
        (lambda: None, {}, "unspecified"),
    ],
)
def test_the_setting_comes_before_the_environment_variable(settings, setting, environment, method):
    settings.METRIC_COLLECTION_INSTALLATION_METHOD = setting
    probe = Installation(environ=environment)
    assert probe.gather() == {"Installation Method": method}


def test_the_environment_is_that_of_the_process(settings, monkeypatch):
    settings.METRIC_COLLECTION_INSTALLATION_METHOD = None
    monkeypatch.setenv(VARIABLE, "snap")
    assert Installation().gather() == {"Installation Method": "snap"}
