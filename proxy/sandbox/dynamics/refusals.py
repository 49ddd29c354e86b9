"""Errors as the Web API words them; the texts repeat ids and values, because the real ones do."""


class DataverseError(Exception):
    """The call ends here with this answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message

    def tree(self) -> dict[str, object]:
        """Return the body."""
        return {"error": {"code": self.code, "message": self.message}}


def not_authenticated() -> DataverseError:
    """No token, or another one than the sandbox was given."""
    return DataverseError(401, "0x80048306", "The access token is not valid.")


def no_such_route(name: str) -> DataverseError:
    """No such entity set or path."""
    return DataverseError(404, "0x8006088a", f"Resource not found for the segment '{name}'.")


def no_such_row(table: str, key: str) -> DataverseError:
    """No row has this id."""
    return DataverseError(404, "0x80040217", f"Entity '{table}' With Id = {key} Does Not Exist")


def no_such_property(table: str, name: str) -> DataverseError:
    """No column is called so."""
    text = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'."
    return DataverseError(400, "0x80060888", text)


def bad_request(text: str) -> DataverseError:
    """The request cannot be understood."""
    return DataverseError(400, "0x80060888", text)


def duplicate(columns: str, value: str) -> DataverseError:
    """Another row has this alternate key."""
    text = f"A record with matching key values already exists. Entity Key {columns} violated by '{value}'."
    return DataverseError(412, "0x80060892", text)


def precondition() -> DataverseError:
    """If-Match or If-None-Match did not hold."""
    return DataverseError(412, "0x80060882", "The version of the existing record doesn't match.")
