"""How many SQL statements a piece of work costs; BEGIN and COMMIT are not counted."""

from collections.abc import Callable
from typing import Any

from django.db import connection


def counted(work: Callable[[], object]) -> int:
    """Do the work once."""
    statements: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        work()
    return len(statements)
