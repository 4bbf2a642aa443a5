"""The default database."""

from collections.abc import Mapping
from typing import Any

from django.db import connection

from .probe import Fact


class Database:
    """Reports the vendor and version of the database; neither its name nor its address."""

    facts = (
        Fact(
            name="database",
            description="The vendor of the database.",
            example="postgresql",
            purpose="To know which databases to test releases on.",
        ),
        Fact(
            name="database_version",
            description="The version of the database.",
            example="15.8",
            purpose="To know which database features can be relied on.",
        ),
    )

    def __init__(self, *, connection: Any = connection) -> None:
        self._connection = connection

    def gather(self) -> Mapping[str, object]:
        # Django calls MariaDB MySQL, but their versions have nothing in common.
        is_mariadb = getattr(self._connection, "mysql_is_mariadb", False)
        return {
            "database": "mariadb" if is_mariadb else self._connection.vendor,
            "database_version": ".".join(map(str, self._connection.get_database_version())),
        }
