"""Errors as Salesforce words them: a list of objects with `message`, `errorCode` and sometimes `fields`.

The texts repeat names, values and parts of queries, because the real ones do; a proxy has to cope with it.
"""

from collections.abc import Iterable


class SalesforceError(Exception):
    """The call ends here with this answer."""

    def __init__(self, status: int, code: str, message: str, fields: Iterable[str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.fields = None if fields is None else list(fields)
        self.extra: dict[str, object] = {}

    def tree(self) -> list[dict[str, object]]:
        """Return the body."""
        members: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            members["fields"] = self.fields
        return [members | self.extra]


def session_expired() -> SalesforceError:
    """No token, or another one than the sandbox was given."""
    return SalesforceError(401, "INVALID_SESSION_ID", "Session expired or invalid")


def no_such_resource() -> SalesforceError:
    """No such route, object or record."""
    return SalesforceError(404, "NOT_FOUND", "The requested resource does not exist")


def no_such_key(key: str) -> SalesforceError:
    """A URL names a record by something that is not an id, or by a value that no record has."""
    message = f"Provided external ID field does not exist or is not accessible: {key}"
    return SalesforceError(404, "NOT_FOUND", message)


def is_deleted() -> SalesforceError:
    """The record is in the recycle bin."""
    return SalesforceError(404, "ENTITY_IS_DELETED", "entity is deleted")


def method_not_allowed(method: str, allowed: str) -> SalesforceError:
    """The route exists, but not for this method."""
    message = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
    return SalesforceError(405, "METHOD_NOT_ALLOWED", message)


def bad_json(detail: str) -> SalesforceError:
    """The body is not JSON, or not an object."""
    return SalesforceError(400, "JSON_PARSER_ERROR", detail)


def no_such_column(column: str, sobject: str) -> SalesforceError:
    """A write, or `fields=`, names a field that does not exist."""
    message = f"No such column '{column}' on sobject of type {sobject}"
    return SalesforceError(400, "INVALID_FIELD", message)


def malformed_query(message: str) -> SalesforceError:
    """The SOQL text cannot be read."""
    return SalesforceError(400, "MALFORMED_QUERY", message)


def at_place(code: str, text: str, at: int, message: str) -> SalesforceError:
    """Return an error that quotes the query around offset `at`, as the real parser does."""
    line = text.count("\n", 0, at) + 1
    start = text.rfind("\n", 0, at) + 1
    begin = max(start, at - 20)
    end = text.find("\n", at)
    quoted = text[begin : min(at + 40, len(text) if end < 0 else end)]
    head = f"\n{quoted}\n{' ' * (at - begin)}^\nERROR at Row:{line}:Column:{at - start + 1}\n"
    return SalesforceError(400, code, head + message)
