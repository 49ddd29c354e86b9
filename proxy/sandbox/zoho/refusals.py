"""Errors as Zoho words them; details repeat names and ids, because the real ones do."""

from collections.abc import Mapping


class ZohoError(Exception):
    """The call ends here with this answer."""

    def __init__(
        self, status: int, code: str, message: str, details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})

    def tree(self) -> dict[str, object]:
        """Return the body."""
        return {"code": self.code, "details": self.details, "message": self.message, "status": "error"}


def invalid_token() -> ZohoError:
    """No token, or another one than the sandbox was given."""
    return ZohoError(401, "INVALID_TOKEN", "invalid oauth token")


def no_such_path() -> ZohoError:
    """Nothing is there."""
    return ZohoError(
        404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one or not"
    )


def no_such_module(name: str) -> ZohoError:
    """No module is called so."""
    return ZohoError(400, "INVALID_MODULE", "the module name given seems to be invalid", {"api_name": name})


def missing(param: str) -> ZohoError:
    """A parameter has to be given."""
    return ZohoError(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param": param})


def invalid_id(key: str, index: int = 0) -> ZohoError:
    """No record has this id."""
    details = {"id": key, "resource_path_index": index}
    return ZohoError(400, "INVALID_DATA", "the id given seems to be invalid", details)


def invalid_data(name: str, message: str = "invalid data") -> ZohoError:
    """A value cannot be used, or a field does not exist."""
    return ZohoError(400, "INVALID_DATA", message, {"api_name": name, "json_path": f"$.data[0].{name}"})


def invalid_query(near: str) -> ZohoError:
    """A query or a criterion cannot be read."""
    return ZohoError(400, "SYNTAX_ERROR", "error occurred while parsing the query", {"near": near})
