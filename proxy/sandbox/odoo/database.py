"""The records of one database: what is stored, what it is called, and which of it a domain means."""

import operator
from collections.abc import Callable
from typing import Any

from proxy.sandbox.odoo.refusals import OdooError, missing, no_field

Row = dict[str, Any]
_STAMP = "2026-11-23 09:00:00"
_COMMON = {
    "id": "integer",
    "display_name": "char",
    "active": "boolean",
    "create_date": "datetime",
    "write_date": "datetime",
}
_ADDRESS = {"street": "char", "city": "char", "zip": "char", "country_id": "many2one:res.country"}
_TEXTS = dict.fromkeys(
    (
        *("name", "complete_name", "email", "phone", "mobile", "function", "vat", "ref", "website", "lang"),
        *("comment", "company_name", "type", "x_iban", "x_allergies", "email_normalized", "phone_sanitized"),
    ),
    "char",
)
MODELS: dict[str, dict[str, str]] = {
    "res.partner": _COMMON
    | _ADDRESS
    | _TEXTS
    | {
        "is_company": "boolean",
        "birthdate_date": "date",
        "credit_limit": "float",
        "parent_id": "many2one:res.partner",
        "child_ids": "one2many:res.partner:parent_id",
        "category_id": "many2many:res.partner.category",
        "user_id": "many2one:res.users",
    },
    "crm.lead": _COMMON
    | _ADDRESS
    | dict.fromkeys(("name", "contact_name", "partner_name", "email_from", "phone", "mobile"), "char")
    | dict.fromkeys(("function", "description", "email_normalized", "phone_sanitized"), "char")
    | {"expected_revenue": "float", "partner_id": "many2one:res.partner", "stage_id": "many2one:crm.stage"},
    "res.users": _COMMON | {"name": "char", "login": "char", "partner_id": "many2one:res.partner"},
    "res.country": _COMMON | {"name": "char", "code": "char"},
    "res.partner.category": _COMMON | {"name": "char"},
    "crm.stage": _COMMON | {"name": "char", "sequence": "integer"},
    "mailing.contact": _COMMON | dict.fromkeys(("name", "email", "email_normalized"), "char"),
    "mail.message": _COMMON
    | dict.fromkeys(("subject", "body", "email_from", "reply_to", "record_name", "model"), "char")
    | {"res_id": "integer", "author_id": "many2one:res.partner"},
    "mail.tracking.value": _COMMON
    | dict.fromkeys(("old_value_char", "new_value_char", "old_value_text", "new_value_text"), "char")
    | {"mail_message_id": "many2one:mail.message"},
    "ir.attachment": _COMMON
    | dict.fromkeys(("name", "description", "res_model", "datas"), "char")
    | {"res_id": "integer"},
    "privacy.lookup.wizard": _COMMON | {"name": "char", "email": "char"},
    "privacy.lookup.wizard.line": _COMMON
    | {"res_model": "char", "res_name": "char", "res_id": "integer"}
    | {"wizard_id": "many2one:privacy.lookup.wizard"},
    "privacy.log": _COMMON | dict.fromkeys(("anonymized_name", "anonymized_email"), "char"),
    "ir.model": _COMMON | {"name": "char", "model": "char"},
}
"""Model -> field -> type, and what a relation leads to."""
_CASCADES = {("mail.tracking.value", "mail_message_id"), ("privacy.lookup.wizard.line", "wizard_id")}
"""Links whose records go along with what they lead to; all others are cleared."""
_NORMAL = {"email": "email_normalized", "email_from": "email_normalized", "phone": "phone_sanitized"}
"""Field -> the copy that Odoo keeps of it."""
_SEARCHED = {"res.partner": ("name", "email", "ref", "vat")}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "in": lambda value, given: value in given,
    "not in": lambda value, given: value not in given,
    "like": lambda value, given: given in value,
    "ilike": lambda value, given: given.lower() in value.lower(),
    "not ilike": lambda value, given: given.lower() not in value.lower(),
    "=like": lambda value, given: value.startswith(given.rstrip("%")),
    "=ilike": lambda value, given: value.lower().startswith(given.rstrip("%").lower()),
}


def _normal(name: str, value: Any) -> Any:
    """Return the copy that Odoo keeps of an address or a number, False for none."""
    if not value:
        return False
    text = str(value)
    return "+" + "".join(filter(str.isdigit, text)) if name == "phone" else text.strip().lower()


class Database:
    """Every record of every model, by number."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, Row]] = {model: {} for model in MODELS}

    # ---- records -------------------------------------------------------------------------------------------

    def name_of(self, model: str, key: int) -> str:
        """Return what a record is called."""
        row = self.rows[model][key]
        above = row.get("parent_id")
        name = row.get("name") or f"{model},{key}"
        return f"{self.name_of(model, above)}, {name}" if above else str(name)

    def get(self, model: str, key: int) -> Row:
        """Return a record; raises OdooError if it is not there."""
        if key not in self.rows[model]:
            raise missing(model, key)
        return self.rows[model][key]

    def create(self, model: str, vals: Row) -> int:
        """Make a record and return its number."""
        key = max(self.rows[model], default=0) + 1
        row: Row = dict.fromkeys(MODELS[model], False)
        row |= {"id": key, "active": True, "create_date": _STAMP, "category_id": []}
        self.rows[model][key] = {name: value for name, value in row.items() if name in MODELS[model]}
        self.set(model, self.rows[model][key], vals)
        return key

    def remove(self, model: str, key: int) -> None:
        """Remove a record, what was said about it and its attachments; links to it are cleared.

        Raises:
            OdooError: it is not there, or somebody logs in as it.
        """
        self.get(model, key)
        if model == "res.partner" and any(user["partner_id"] == key for user in self.rows["res.users"].values()):
            raise OdooError("ValidationError", "You cannot delete contacts linked to an active user.")
        del self.rows[model][key]
        for other, fields in MODELS.items():
            for name in [name for name, kind in fields.items() if kind == f"many2one:{model}"]:
                for row in [row for row in self.rows[other].values() if row[name] == key]:
                    if (other, name) in _CASCADES:
                        self.remove(other, row["id"])
                    else:
                        row[name] = False
        for other, name in (("mail.message", "model"), ("ir.attachment", "res_model")):
            for row in [*self.rows[other].values()]:
                if (row[name], row["res_id"]) == (model, key):
                    self.remove(other, row["id"])

    def set(self, model: str, row: Row, vals: Row) -> None:
        """Change a record."""
        for name, value in vals.items():
            kind, _, target = self._type(model, name).partition(":")
            if kind == "one2many":
                self._commands(target, value, row["id"])
            elif kind == "many2many":
                row[name] = [
                    key for command in value for key in (command[2] if command[0] == 6 else [command[1]])
                ]
            else:
                row[name] = False if value is None else value
            if (copy := _NORMAL.get(name)) in MODELS[model]:
                row[copy] = _normal(name, value)
        row["write_date"] = _STAMP

    def _commands(self, target: str, commands: list[list[Any]], key: int) -> None:
        model, _, inverse = target.partition(":")
        for command in commands:
            match command:
                case [0, _, vals]:
                    self.create(model, {**vals, inverse: key})
                case [1, number, vals]:
                    self.set(model, self.get(model, number), vals)
                case [2, number, *_]:
                    self.remove(model, number)
                case [3 | 4 as code, number, *_]:
                    self.get(model, number)[inverse] = key if code == 4 else False
                case _:
                    raise OdooError("ValidationError", f"Wrong command {command!r}")

    def _type(self, model: str, name: str) -> str:
        if name not in MODELS[model]:
            raise no_field(model, name)
        return MODELS[model][name]

    def read(self, model: str, row: Row, names: list[str], load: str | None) -> Row:
        """Return fields of a record as clients are shown them."""
        return {
            name: self.shown(model, name, self._value(model, name, row), load) for name in dict.fromkeys(names)
        }

    def _value(self, model: str, name: str, row: Row) -> Any:
        kind = self._type(model, name)
        if name in {"display_name", "complete_name"}:
            return self.name_of(model, row["id"])
        if kind.startswith("one2many"):
            _, target, inverse = kind.split(":")
            return [each["id"] for each in self.rows[target].values() if each[inverse] == row["id"]]
        return row[name]

    def shown(self, model: str, name: str, value: Any, load: str | None) -> Any:
        """Return a value as clients are shown it."""
        kind, _, target = self._type(model, name).partition(":")
        if kind == "many2one" and value and load == "_classic_read":
            return [value, self.name_of(target, value)]
        return value

    # ---- domains: a reading of its own -----------------------------------------------------------------------

    def chosen(self, model: str, domain: Any, context: Row | None) -> list[Row]:
        """Return the records that a domain means, archived ones only where it or the context asks for them."""
        rows = list(self.rows[model].values())
        active = any(isinstance(leaf, list | tuple) and leaf[0] == "active" for leaf in domain or [])
        if not active and (context or {}).get("active_test", True):
            rows = [row for row in rows if row["active"]]
        try:
            return [row for row in rows if self._meets(model, row, list(domain or []))]
        except (TypeError, AttributeError):
            raise OdooError("UserError", "Invalid domain: a value is not of the type of its field.") from None

    def _meets(self, model: str, row: Row, domain: list[Any]) -> bool:
        stack: list[bool] = []
        for part in reversed(domain):
            if part == "!":
                stack.append(not stack.pop())
            elif part in ("&", "|"):
                one, other = stack.pop(), stack.pop()
                stack.append(one and other if part == "&" else one or other)
            else:
                stack.append(self._leaf(model, row, *part))
        return all(stack)

    def _leaf(self, model: str, row: Row, path: Any, sign: str, given: Any) -> bool:
        if not isinstance(path, str):
            return bool(_COMPARE[sign](path, given))
        name, _, rest = path.partition(".")
        value = self._value(model, name, row)
        kind, _, target = self._type(model, name).partition(":")
        if rest or (target and isinstance(given, str)):
            far = target.partition(":")[0]
            keys = value if isinstance(value, list) else [value] if value else []
            if rest:
                return any(self._leaf(far, self.rows[far][key], rest, sign, given) for key in keys)
            return any(self.called(far, self.rows[far][key], sign, given) for key in keys)
        if kind.endswith("2many"):
            return any(_COMPARE[sign](each, given) for each in value)
        if name == "display_name":
            return self.called(model, row, sign, given)
        if sign not in _COMPARE:
            raise OdooError("UserError", f"Invalid operator {sign!r}")
        if value is False and given is not False and sign not in {"=", "!=", "in", "not in"}:
            return False
        return bool(_COMPARE[sign](value, given))

    def called(self, model: str, row: Row, sign: str, given: str) -> bool:
        """Say whether a record is called like this."""
        values = [row[name] for name in _SEARCHED.get(model, ("name",)) if row[name]]
        return any(_COMPARE[sign](value, given) for value in values)

    def sorted(self, model: str, name: str, row: Row) -> tuple[bool, str, float]:
        """Return what a record is sorted by."""
        value = self.shown(model, name, self._value(model, name, row), "_classic_read")
        value = value[1] if isinstance(value, list) and len(value) == 2 else value
        number = isinstance(value, int | float)
        return value is not False, "" if number else str(value), value if number else 0
