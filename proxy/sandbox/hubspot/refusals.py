"""Errors as HubSpot v3 words them; the texts repeat ids and values, because the real ones do."""

import json
import uuid


class HubSpotError(Exception):
    """The call ends here with this answer."""

    def __init__(self, status: int, category: str, message: str, **extra: object) -> None:
        super().__init__(category)
        self.status = status
        self.category = category
        self.message = message
        self.extra = extra

    def tree(self) -> dict[str, object]:
        """Return the body, with a correlation id of its own."""
        head = {"status": "error", "message": self.message, "correlationId": str(uuid.uuid4())}
        return head | self.extra | {"category": self.category}


def not_authenticated() -> HubSpotError:
    """No token, or another one than the sandbox was given."""
    message = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can "
        "find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
    )
    return HubSpotError(401, "INVALID_AUTHENTICATION", message)


def no_such_route() -> HubSpotError:
    """No such route, or not with this method."""
    return HubSpotError(404, "OBJECT_NOT_FOUND", "resource not found")


def no_such_object(key: str) -> HubSpotError:
    """No record has this id."""
    if key.isdecimal():
        return HubSpotError(404, "OBJECT_NOT_FOUND", "resource not found")
    return HubSpotError(404, "OBJECT_NOT_FOUND", "Object not found.  objectId are usually numeric.")


def invalid(message: str, **extra: object) -> HubSpotError:
    """The body or a parameter cannot be used."""
    return HubSpotError(400, "VALIDATION_ERROR", message, **extra)


def bad_property(code: str, name: str, message: str) -> HubSpotError:
    """A property cannot be written like that: `PROPERTY_DOESNT_EXIST`, `INVALID_EMAIL`, `READ_ONLY_VALUE`."""
    result = {
        "isValid": False,
        "message": message,
        "error": code,
        "name": name,
        "localizedErrorMessage": message,
    }
    text = f"Property values were not valid: {json.dumps([result], separators=(',', ':'))}"
    errors = [{"message": message, "code": code, "context": {"propertyName": [name]}}]
    return invalid(text, errors=errors)


def already_exists(label: str, key: str) -> HubSpotError:
    """Another record has this e-mail address."""
    return HubSpotError(409, "CONFLICT", f"{label} already exists. Existing ID: {key}")
