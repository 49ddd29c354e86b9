"""What stands in some records of one CRM: of hundreds of values, in one statement.

It is given to the driver as it is, and SQLite answers it with one row, of JSON. The driver of SQLite lets others
have their turn before each row, and where several threads read at once that costs more than all else.
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

Standing = tuple[str, str, str | None]
"""Field, record, and what a token's value is sealed as; see `tables.VALUES`."""

_SQLITE: Final = """\
SELECT json_group_array(handle), json_group_array(field), json_group_array(record), json_group_array(sealed)
FROM vault_values WHERE connector = ? AND object = ?
AND record IN (SELECT value FROM json_each(?)) AND +field IN (SELECT value FROM json_each(?))"""
_LISTS: Final = msgspec.json.Decoder(list[Any])
# The + has SQLite seek by record alone: what it finds of the other fields it leaves in the index.
_POSTGRESQL: Final = """\
SELECT handle, field, record, sealed
FROM vault_values WHERE connector = %s AND object = %s AND record = ANY(%s) AND field = ANY(%s)"""


def standing(
    connection: Connection, connector: str, name: str, records: Collection[str], fields: Collection[str]
) -> dict[str, Standing]:
    """Return the values of some fields of some records, by handle.

    Args:
        connection: to read by.
        connector: of the CRM.
        name: of the object.
        records: in the form of `ids.same_form`; ASCII that can be printed, or it is not looked for.
        fields: of the object.
    """
    # What no id has would be an error of the driver's.
    wanted = [each for each in records if each.isascii() and each.isprintable()]
    if connection.dialect.name != "sqlite":
        found = connection.exec_driver_sql(_POSTGRESQL, (connector, name, wanted, list(fields)))
        return {handle: (field, record, sealed) for handle, field, record, sealed in found}
    asked = (connector, name, _listed(wanted), _listed(fields))
    row = connection.exec_driver_sql(_SQLITE, asked).one()
    handles, at_fields, at_records, sealed = map(_LISTS.decode, row)
    return dict(zip(handles, zip(at_fields, at_records, sealed, strict=True), strict=True))


def _listed(texts: Collection[str]) -> str:
    return msgspec.json.encode(list(texts)).decode()
