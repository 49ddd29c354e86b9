"""The external API's services, `common` and `object`, as XML-RPC and JSON-RPC reach them."""

from typing import Any

from proxy.sandbox.odoo.methods import Methods
from proxy.sandbox.odoo.refusals import OdooError, denied

DATABASE, LOGIN, UID = "crm", "lychgate@example.org", 2
_VERSION = {
    "server_version": "18.0",
    "server_version_info": [18, 0, 0, "final", 0, ""],
    "server_serie": "18.0",
    "protocol_version": 1,
}


class Rpc:
    """Says what each call means for one database.

    Args:
        methods: of its models.
        key: the API key of the only user.
    """

    def __init__(self, methods: Methods, key: str) -> None:
        self._methods = methods
        self._key = key

    def dispatch(self, service: str, method: str, args: list[Any]) -> Any:
        """Return what a call returns; raises OdooError."""
        match service, method, args:
            case "common", "version", []:
                return _VERSION
            case "common", "authenticate" | "login", [database, login, key, *_]:
                return UID if (database, login, key) == (DATABASE, LOGIN, self._key) else False
            case "object", "execute_kw", [database, uid, key, str(model), str(name), list(given), *named]:
                self._check(database, uid, key)
                return self._methods.call(model, name, given, dict(*named))
            case "object", "execute", [database, uid, key, str(model), str(name), *given]:
                self._check(database, uid, key)
                return self._methods.call(model, name, given, {})
        raise OdooError("UserError", f"Method {method} of service {service} does not exist")

    def _check(self, database: object, uid: object, key: object) -> None:
        if (database, uid, key) != (DATABASE, UID, self._key):
            raise denied()
