"""Errors as Pipedrive words them; the texts repeat values, because the real ones do."""


class PipedriveError(Exception):
    """The call ends here with this answer."""

    def __init__(self, status: int, error: str, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.error = error
        self.code = code

    def tree(self) -> dict[str, object]:
        """Return the body."""
        info = "Please check developers.pipedrive.com for more information about Pipedrive API."
        return {"success": False, "error": self.error, "code": self.code, "error_info": info, "data": None}


def not_authenticated() -> PipedriveError:
    """No token, or another one than the sandbox was given."""
    return PipedriveError(401, "unauthorized access", "ERR_UNAUTHORIZED")


def not_found(what: str, key: str) -> PipedriveError:
    """No record has this id, or it is gone for good."""
    return PipedriveError(404, f"{what} not found: {key}", "ERR_NOT_FOUND")


def invalid(error: str) -> PipedriveError:
    """The body or a parameter cannot be used."""
    return PipedriveError(400, error, "ERR_SCHEMA_VALIDATION_FAILED")
