"""How many SQL statements a piece of work costs, but for those that begin and end transactions."""

from collections.abc import Callable
from typing import Any

from django.db import connection

TRANSACTION = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")


def counted(work: Callable[[], object]) -> int:
    """Do the work once."""
    statements: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        work()
    return sum(not sql.startswith(TRANSACTION) for sql in statements)
