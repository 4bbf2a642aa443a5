"""The default database: its vendor and its version."""

from collections.abc import Mapping

from django.db import DEFAULT_DB_ALIAS, connections

from .probe import Fact


class DatabaseProbe:
    """Reports which database the product uses; neither its name nor where it is."""

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

    def gather(self) -> Mapping[str, object]:
        connection = connections[DEFAULT_DB_ALIAS]
        # Django counts MariaDB as MySQL, which their versions do not allow for.
        is_mariadb = getattr(connection, "mysql_is_mariadb", False)
        return {
            "database": "mariadb" if is_mariadb else connection.vendor,
            "database_version": ".".join(map(str, connection.get_database_version())),
        }
