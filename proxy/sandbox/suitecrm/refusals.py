"""Errors as SuiteCRM words them; details repeat names and ids, because the real ones do."""


class SuiteError(Exception):
    """The call ends here with this answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail

    def tree(self) -> dict[str, object]:
        """Return the body."""
        return {"errors": {"status": self.status, "title": None, "detail": self.detail}}


def wrong(detail: str) -> SuiteError:
    """Whatever goes wrong while a call is carried out is a 400."""
    return SuiteError(400, detail)


def no_such_bean(module: str, key: str) -> SuiteError:
    """No bean has this id, or it is deleted."""
    return wrong(f"{module} module with id {key} is not found")
