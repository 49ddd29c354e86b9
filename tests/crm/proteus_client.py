"""Runs the unmodified proteus client and prints what it got: under Tryton's own Python, never imported.

    python proteus_client.py URL [--header NAME=VALUE]... < commands.json

The URL may carry credentials (`http://anything:lg_...@127.0.0.1:8443/crm/rpc/`); `--header` adds a field to
every request, which is how proteus is given `X-Lychgate-Key` and `X-Purpose`; `--ca FILE` names the certificate
authority of an https URL. The commands are a JSON list; the answer is a JSON list with one entry for each:
`{"ok": result}`, `{"fault": [code, text]}`, `{"http": [status, text]}`, or `{"error": name of the exception}`.
A failure to connect answers every command with itself.

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

import argparse
import functools
import json
import ssl
import sys
import xmlrpc.client

from proteus import Model, Report, Wizard, config


def show(record, path):
    """Return what stands at the end of `path`, in lists where the path goes through many records."""
    name, _, rest = path.partition(".")
    value = getattr(record, name)
    if isinstance(value, Model):
        return show(value, rest) if rest else value.id
    if isinstance(value, list) and (not value or isinstance(value[0], Model)):
        return [show(item, rest) if rest else item.id for item in value]
    return value


def rows(records, fields):
    """Return each record as a dict of the fields asked for."""
    return [{"id": record.id, **{path: show(record, path) for path in fields}} for record in records]


def find(model, domain, fields, order=None):
    """Search and read."""
    return rows(Model.get(model).find(domain, order=order), fields)


def get(model, number, fields):
    """Read one record."""
    return rows([Model.get(model)(number)], fields)[0]


def change(model, number, values):
    """Change fields of one record and save it."""
    record = Model.get(model)(number)
    for name, value in values.items():
        setattr(record, name, value)
    record.save()


def add(model, number, field, values):
    """Add a record to a one-to-many field and save its parent."""
    parent = Model.get(model)(number)
    child = getattr(parent, field).new()
    for name, value in values.items():
        setattr(child, name, value)
    parent.save()


def new(model, values):
    """Create a record."""
    record = Model.get(model)()
    for name, value in values.items():
        setattr(record, name, value)
    record.save()
    return record.id


def delete(model, number):
    """Delete a record."""
    Model.get(model)(number).delete()


def wizard(name, model, number):
    """Begin a wizard."""
    return Wizard(name, [Model.get(model)(number)]).state


def report(name, model, number):
    """Run a report."""
    return str(Report(name).execute([Model.get(model)(number)])[0])


def call(method, params):
    """Call a method by its whole name."""
    return functools.reduce(getattr, method.split("."), config.get_config().server)(*params)


def within(context, command):
    """Run another command in a changed context."""
    Model.reset()  # models keep the context they were made in
    with config.get_config().set_context(context):
        return run(command)


VERBS = {
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


def run(command):
    """Carry out one command."""
    verb, *arguments = command
    return VERBS[verb](*arguments)


def answer(work):
    """Return what came of it, in the words of the module's docstring."""
    try:
        return {"ok": work()}
    except xmlrpc.client.Fault as fault:
        return {"fault": [fault.faultCode, fault.faultString]}
    except xmlrpc.client.ProtocolError as error:
        return {"http": [error.errcode, error.errmsg]}
    except Exception as error:
        return {"error": type(error).__name__}


def main():
    """Connect, run what stands on standard input, print the answers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--ca")
    given = parser.parse_args()
    more = {"headers": [tuple(header.split("=", 1)) for header in given.header]}
    if given.ca:
        more["context"] = ssl.create_default_context(cafile=given.ca)
    commands = json.load(sys.stdin)
    connected = answer(lambda: config.set_xmlrpc(given.url, **more) and None)
    answers = [
        answer(functools.partial(run, command)) if "ok" in connected else connected for command in commands
    ]
    json.dump(answers, sys.stdout, default=str)


if __name__ == "__main__":
    main()
