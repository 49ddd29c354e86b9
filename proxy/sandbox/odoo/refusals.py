"""Errors as Odoo words them; texts and tracebacks repeat values, because the real ones do."""


class OdooError(Exception):
    """The call ends here with this answer."""

    def __init__(self, name: str, text: str, number: int = 2, status: int = 422) -> None:
        super().__init__(name)
        self.name = f"odoo.exceptions.{name}"
        self.text = text
        self.number = number
        """Of an XML-RPC fault."""
        self.status = status
        """Of a JSON-2 answer."""


def traceback_of(error: OdooError) -> dict[str, object]:
    """Return what JSON clients are told."""
    debug = f"Traceback (most recent call last):\n  File ...\n{error.name}: {error.text}"
    return {"name": error.name, "message": error.text, "arguments": [error.text], "context": {}, "debug": debug}


def denied() -> OdooError:
    """A wrong database, number or key."""
    return OdooError("AccessDenied", "Access Denied", 3, 403)


def no_field(model: str, name: str) -> OdooError:
    """A field that the model has not."""
    return OdooError("UserError", f"Invalid field {name!r} on model {model!r}")


def no_model(model: str) -> OdooError:
    """A model that is not installed."""
    return OdooError("UserError", f"Object {model} doesn't exist", status=404)


def missing(model: str, key: object) -> OdooError:
    """A record that is not there, or no longer."""
    return OdooError(
        "MissingError", f"Record does not exist or has been deleted.\n(Record: {model}({key},))", status=404
    )
