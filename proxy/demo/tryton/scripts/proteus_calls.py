"""Runs the unmodified proteus client and prints what it got: under Tryton's own Python, never imported.

On standard input stands `{"url", "headers", "ca", "commands"}`. The URL may carry credentials
(`https://anything:lg_...@localhost:8443/crm/rpc/`); `headers` are sent with every request, which is how proteus
is given `X-Lychgate-Key` and `X-Purpose`; `ca` names the certificate authority of an https URL, or is empty.
The answer on standard output is a list with one entry for each command: `{"ok": result}`,
`{"fault": [code, text]}` for an `xmlrpc.client.Fault`, `{"http": [status, text]}` for an
`xmlrpc.client.ProtocolError`, or `{"error": name of the exception}`. A failure to connect answers every command
with itself.

Commands:
    ["find", model, domain, [fields]]           proteus.Model.find, then each field of each record
    ["find", model, domain, [fields], order]
    ["get", model, id, [fields]]                one record
    ["set", model, id, {field: value}]          change and save
    ["add", model, id, field, {name: value}]    a new record in a one-to-many field, saved with its parent
    ["new", model, {field: value}]              a new record
    ["delete", model, id]
    ["wizard", name, model, id]                 proteus.Wizard
    ["report", name, model, id]                 proteus.Report
    ["call", method, params]                    any RPC method, by its whole name
    ["context", {key: value}, command]          another command in a changed context

A field may be a path (`contact_mechanisms.value`); proteus then reads each record on the way.
"""

import functools
import json
import ssl
import sys
import xmlrpc.client
from collections.abc import Callable
from typing import Any

from proteus import Model, Report, Wizard, config


def show(record: Any, path: str) -> Any:
    """Return what stands at the end of `path`, in lists where the path goes through many records."""
    name, _, rest = path.partition(".")
    value = getattr(record, name)
    if isinstance(value, Model):
        return show(value, rest) if rest else value.id
    if isinstance(value, list) and (not value or isinstance(value[0], Model)):
        return [show(item, rest) if rest else item.id for item in value]
    return value


def rows(records: list[Any], fields: list[str]) -> list[dict[str, Any]]:
    """Return each record as a dict of the fields asked for."""
    return [{"id": record.id, **{path: show(record, path) for path in fields}} for record in records]


def find(model: str, domain: list[Any], fields: list[str], order: Any = None) -> list[dict[str, Any]]:
    """Search and read."""
    return rows(Model.get(model).find(domain, order=order), fields)


def get(model: str, number: int, fields: list[str]) -> dict[str, Any]:
    """Read one record."""
    return rows([Model.get(model)(number)], fields)[0]


def change(model: str, number: int, values: dict[str, Any]) -> None:
    """Change fields of one record and save it."""
    record = Model.get(model)(number)
    for name, value in values.items():
        setattr(record, name, value)
    record.save()


def add(model: str, number: int, field: str, values: dict[str, Any]) -> None:
    """Add a record to a one-to-many field and save its parent."""
    parent = Model.get(model)(number)
    child = getattr(parent, field).new()
    for name, value in values.items():
        setattr(child, name, value)
    parent.save()


def new(model: str, values: dict[str, Any]) -> int:
    """Create a record."""
    record = Model.get(model)()
    for name, value in values.items():
        setattr(record, name, value)
    record.save()
    return int(record.id)


def delete(model: str, number: int) -> None:
    """Delete a record."""
    Model.get(model)(number).delete()


def wizard(name: str, model: str, number: int) -> Any:
    """Begin a wizard."""
    return Wizard(name, [Model.get(model)(number)]).state


def report(name: str, model: str, number: int) -> str:
    """Run a report."""
    return str(Report(name).execute([Model.get(model)(number)])[0])


def call(method: str, params: list[Any]) -> Any:
    """Call a method by its whole name."""
    return functools.reduce(getattr, method.split("."), config.get_config().server)(*params)


def within(context: dict[str, Any], command: list[Any]) -> Any:
    """Run another command in a changed context."""
    Model.reset()  # models keep the context they were made in
    with config.get_config().set_context(context):
        return run(command)


VERBS: dict[str, Callable[..., Any]] = {
    "find": find,
    "get": get,
    "set": change,
    "add": add,
    "new": new,
    "delete": delete,
    "wizard": wizard,
    "report": report,
    "call": call,
    "context": within,
}


def run(command: list[Any]) -> Any:
    """Carry out one command."""
    verb, *arguments = command
    return VERBS[verb](*arguments)


def answer(work: Callable[[], Any]) -> dict[str, Any]:
    """Return what came of it, in the words of the module's docstring."""
    try:
        return {"ok": work()}
    except xmlrpc.client.Fault as fault:
        return {"fault": [fault.faultCode, fault.faultString]}
    except xmlrpc.client.ProtocolError as error:
        return {"http": [error.errcode, error.errmsg]}
    except Exception as error:  # noqa: BLE001 - whatever proteus raises is what is to be told
        return {"error": type(error).__name__}


def connect(told: dict[str, Any]) -> None:
    """Have proteus connect; it asks for its preferences and for the list of methods."""
    more: dict[str, Any] = {"headers": list(told["headers"].items())}
    if told["ca"]:
        more["context"] = ssl.create_default_context(cafile=told["ca"])
    config.set_xmlrpc(told["url"], **more)


def main() -> None:
    """Connect, run what stands on standard input, print the answers."""
    told = json.load(sys.stdin)
    connected = answer(lambda: connect(told))
    answers = [
        answer(functools.partial(run, command)) if "ok" in connected else connected
        for command in told["commands"]
    ]
    json.dump(answers, sys.stdout, default=str)


if __name__ == "__main__":
    main()
