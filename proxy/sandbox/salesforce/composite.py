"""Requests inside a request: `composite/batch`, `composite` and `composite/graph`.

References (`@{account.id}`) are filled in wherever they stand, as documented: in URLs and in every
text of a body.
"""

import json
import re
from collections.abc import Callable
from urllib.parse import unquote

from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.salesforce.org import Org
from proxy.sandbox.salesforce.refusals import SalesforceError, bad_json, no_such_resource

Tree = dict[str, object]
_REFERENCE = re.compile(r"@\{([A-Za-z]\w*)((?:\.\w+|\[\d+\])+)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_MOST = {"batch": 25, "": 25, "graph": 500}


class Composite:
    """Carries out several requests.

    Args:
        org: the records, for undoing.
        dispatch: carries out one request.
    """

    def __init__(self, org: Org, dispatch: Callable[[Call], Answer]) -> None:
        self.org = org
        self.dispatch = dispatch

    def do(self, kind: str, call: Call) -> Tree:
        """Carry out the requests in a body: `batch`, `graph`, or "" for a plain composite.

        Raises:
            SalesforceError: the body is none.
        """
        try:
            tree = json.loads(call.body)
            match kind:
                case "batch":
                    return self._batch(call, tree)
                case "graph":
                    return {"graphs": [self._graph(call, each) for each in tree["graphs"]]}
                case "":
                    return self._composite(call, tree["compositeRequest"], whole=bool(tree.get("allOrNone")))[0]
        except (ValueError, KeyError, TypeError) as problem:
            raise bad_json(f"Unexpected input: {problem}") from None
        raise no_such_resource()

    def _batch(self, call: Call, tree: Tree) -> Tree:
        requests = _listed(tree["batchRequests"], _MOST["batch"])
        results: list[Tree] = []
        failed = False
        for each in requests:
            url = str(each["url"])
            url = url if url.startswith("/") else f"/services/data/{url}"
            if failed and tree.get("haltOnError"):
                code = "BATCH_PROCESSING_HALTED"
                error = SalesforceError(412, code, "Batch processing halted per request")
                results.append({"statusCode": error.status, "result": error.tree()})
                continue
            answer = self._one(call, str(each["method"]), url, each.get("richInput"))
            failed = failed or answer.status >= 400
            results.append({"statusCode": answer.status, "result": answer.tree})
        return {"hasErrors": failed, "results": results}

    def _graph(self, call: Call, graph: Tree) -> Tree:
        requests = _listed(graph["compositeRequest"], _MOST["graph"])
        response, well = self._composite(call, requests, whole=True)
        return {"graphId": graph["graphId"], "graphResponse": response, "isSuccessful": well}

    def _composite(self, call: Call, requests: object, *, whole: bool) -> tuple[Tree, bool]:
        before = self.org.kept()
        known: Tree = {}
        rows: list[Tree] = []
        for each in _listed(requests, _MOST["graph" if whole else ""]):
            name = str(each["referenceId"])
            try:
                url, body = _filled(str(each["url"]), known), _filled(each.get("body"), known)
                answer = self._one(call, str(each["method"]), str(url), body)
            except LookupError:
                error = SalesforceError(400, "PROCESSING_HALTED", "Invalid reference specified.")
                answer = Answer(error.status, error.tree())
            if answer.status < 400:
                known[name] = answer.tree
            rows.append(_row(name, answer.status, answer.tree, answer.headers))
        well = all(int(str(row["httpStatusCode"])) < 400 for row in rows)
        if whole and not well:
            self.org.undo(before)
            error = SalesforceError(
                400, "PROCESSING_HALTED", "The transaction was rolled back since another failed."
            )
            rows = [
                row
                if int(str(row["httpStatusCode"])) >= 400
                else _row(str(row["referenceId"]), 400, error.tree())
                for row in rows
            ]
        return {"compositeResponse": rows}, well

    def _one(self, call: Call, method: str, url: str, body: object) -> Answer:
        path, _, query = url.partition("?")
        raw = b"" if body is None else json.dumps(body).encode()
        try:
            return self.dispatch(Call(method, path, query, {}, raw, call.origin))
        except SalesforceError as error:
            return Answer(error.status, error.tree())


def _row(name: str, status: int, body: object, headers: dict[str, str] | None = None) -> Tree:
    return {"body": body, "httpHeaders": headers or {}, "httpStatusCode": status, "referenceId": name}


def _listed(tree: object, most: int) -> list[Tree]:
    if not isinstance(tree, list) or not tree or not all(isinstance(each, dict) for each in tree):
        raise bad_json("The list of requests is missing")
    if len(tree) > most:
        message = f"The number of requests is limited to {most}"
        raise SalesforceError(400, "LIMIT_EXCEEDED", message)
    return tree


def _filled(tree: object, known: Tree) -> object:
    """Return a copy with references filled in; raises LookupError where one leads nowhere."""
    if isinstance(tree, str):
        return _REFERENCE.sub(lambda found: _value(found, known), unquote(tree) if "%40%7B" in tree else tree)
    if isinstance(tree, list):
        return [_filled(each, known) for each in tree]
    if isinstance(tree, dict):
        return {name: _filled(each, known) for name, each in tree.items()}
    return tree


def _value(found: re.Match[str], known: Tree) -> str:
    value = known[found[1]]
    for name, index in _STEP.findall(found[2]):
        if name and isinstance(value, dict):
            value = value[name]
        elif index and isinstance(value, list):
            value = value[int(index)]
        else:
            raise KeyError(name)
    return str(value)
