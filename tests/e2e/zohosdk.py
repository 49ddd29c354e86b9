"""zohocrmsdk8_0 as a client of something else than Zoho's own hosts: one instance for each access token.

The SDK keeps one user at a time in the module; `switched` makes it the one of this instance. It asks for the
definitions of a module's fields before it reads the first record of it, and keeps them in a folder.
"""

from pathlib import Path
from typing import Any

from zohocrmsdk.src.com.zoho.api.authenticator import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import TokenStore
from zohocrmsdk.src.com.zoho.api.logger import Logger
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap, SDKConfig
from zohocrmsdk.src.com.zoho.crm.api.coql import BodyWrapper as CoqlBody
from zohocrmsdk.src.com.zoho.crm.api.coql import CoqlOperations
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.record import (
    BodyWrapper,
    Field,
    GetRecordsParam,
    Record,
    RecordOperations,
    SearchRecordsParam,
)


class _Store(TokenStore):  # type: ignore[misc]
    """Keeps the token that it is given."""

    def find_token(self, token: Any) -> Any:
        return token

    def find_token_by_id(self, id: Any) -> Any:  # noqa: A002 - the SDK's name
        raise NotImplementedError

    def save_token(self, token: Any) -> None:
        del token

    def delete_token(self, id: Any) -> None:  # noqa: A002 - the SDK's name
        raise NotImplementedError

    def get_tokens(self) -> list[Any]:
        return []

    def delete_tokens(self) -> None:
        raise NotImplementedError


class ZohoSdk:
    """The SDK, of one user.

    Args:
        url: where Zoho is.
        token: an access token, or what is taken for one there.
        folder: where the SDK keeps definitions and its log.
    """

    def __init__(self, url: str, token: str, folder: Path) -> None:
        self._environment = DataCenter.Environment(url, f"{url}/oauth/v2/token", url)
        self._token = OAuthToken(access_token=token, find_user=False)
        self._folder = folder

    def switched(self) -> "ZohoSdk":
        """Make this the user that the SDK works for, and return it."""
        log = Logger.get_instance(level=Logger.Levels.ERROR, file_path=str(self._folder / "log"))
        Initializer.initialize(
            environment=self._environment,
            token=self._token,
            store=_Store(),
            sdk_config=SDKConfig(auto_refresh_fields=False, pick_list_validation=False),
            resource_path=str(self._folder),
            logger=log,
        )
        return self

    def list(self, module: str, fields: str) -> tuple[int, Any]:
        """Return status and rows of the first page of a module."""
        params = ParameterMap()
        params.add(GetRecordsParam.fields, fields)
        return _read(RecordOperations(module).get_records(params, HeaderMap()))

    def get(self, module: str, key: int) -> tuple[int, Any]:
        """Return status and rows of one record."""
        return _read(RecordOperations(module).get_record(key, ParameterMap(), HeaderMap()))

    def search(self, module: str, **by: str) -> tuple[int, Any]:
        """Return status and rows of a search by `criteria`, `email`, `phone` or `word`."""
        params = ParameterMap()
        for name, value in by.items():
            params.add(getattr(SearchRecordsParam, name), value)
        return _read(RecordOperations(module).search_records(params, HeaderMap()))

    def coql(self, query: str) -> tuple[int, Any]:
        """Return status and rows of a query."""
        body = CoqlBody()
        body.set_select_query(query)
        return _read(CoqlOperations().get_records(body))

    def create(self, module: str, values: dict[str, str]) -> tuple[int, Any]:
        """Return status, and what came of a new record."""
        record = Record()
        fields = getattr(Field, module)
        for name, value in values.items():
            record.add_field_value(getattr(fields, name.lower())(), value)
        body = BodyWrapper()
        body.set_data([record])
        answer = RecordOperations(module).create_records(body, HeaderMap())
        return answer.get_status_code(), [
            {"code": each.get_code().get_value(), "details": each.get_details()}
            for each in answer.get_object().get_data()
        ]


def _read(answer: Any) -> tuple[int, Any]:
    """Return status and rows of an answer, or status and code where it is a refusal."""
    found = answer.get_object()
    if not hasattr(found, "get_data"):
        return answer.get_status_code(), found.get_code().get_value()
    return answer.get_status_code(), [_plain(row) for row in found.get_data()]


def _plain(value: Any) -> Any:
    """Return a record of the SDK as a dict, and everything in it."""
    if hasattr(value, "get_key_values"):
        return {name: _plain(each) for name, each in value.get_key_values().items()}
    return value
