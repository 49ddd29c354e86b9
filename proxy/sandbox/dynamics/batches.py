"""`$batch`: several calls in one, as JSON or as `multipart/mixed`, which Python's e-mail parser reads.

A change set, or the requests of one atomicity group, are done together or not at all.
"""

import json
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from itertools import groupby
from urllib.parse import urljoin, urlsplit

from proxy.sandbox.dynamics.refusals import DataverseError, bad_request
from proxy.sandbox.dynamics.store import Store
from proxy.sandbox.exchange import Answer, Call

Do = Callable[[Call], Answer]
Asked = tuple[str, str, Call]
"""Id, change set ("" for none), and the call."""


class Batches:
    """Takes batches apart and has each call done."""

    def __init__(self, store: Store, do: Do) -> None:
        self._store = store
        self._do = do

    def answer(self, call: Call) -> Answer:
        """Do what all the calls ask for; raises DataverseError for a batch that is none."""
        kind = call.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            rows = [
                {"id": name, "status": found.status, "headers": dict(found.headers), "body": found.tree}
                for name, _, found in self._done(_named(call), call)
            ]
            return Answer(200, {"responses": rows})
        if not kind.startswith("multipart/mixed"):
            raise bad_request("The content type of a batch is not supported.")
        go_on = "continue-on-error" in call.headers.get("Prefer", "")
        text = _written(self._done(_mixed(call, kind), call, go_on=go_on))
        return Answer(200, raw=text, headers={"Content-Type": "multipart/mixed; boundary=batchresponse_1"})

    def _done(self, asked: list[Asked], whole: Call, *, go_on: bool = False) -> list[tuple[str, str, Answer]]:
        found: list[tuple[str, str, Answer]] = []
        for _, calls in groupby(asked, key=lambda each: each[1] or each[0]):
            answers = self._together([*calls], whole)
            found += answers
            if answers[-1][2].status >= 400 and not go_on:
                break
        return found

    def _together(self, calls: list[Asked], whole: Call) -> list[tuple[str, str, Answer]]:
        before = self._store.kept()
        found: list[tuple[str, str, Answer]] = []
        for name, group, call in calls:
            try:
                found.append((name, group, self._do(_inside(call, whole))))
            except DataverseError as error:
                self._store.put_back(before)
                return [(name, "", Answer(error.status, error.tree()))]
        return found


def _inside(call: Call, whole: Call) -> Call:
    """Return a call with its URL resolved against that of the batch (OData Part 1, 11.7.2)."""
    url = urlsplit(urljoin(f"{whole.origin}{whole.path}", call.path))
    if f"{url.scheme}://{url.netloc}" != whole.origin:
        raise bad_request("The URI is not under the base address of the service.")
    return Call(call.method, url.path, url.query, call.headers, call.body, whole.origin)


def _named(call: Call) -> list[Asked]:
    try:
        rows = json.loads(call.body)["requests"]
        return [
            (
                row["id"],
                row.get("atomicityGroup", ""),
                Call(
                    row["method"].upper(),
                    row["url"],
                    headers={name.title(): value for name, value in row.get("headers", {}).items()},
                    body=json.dumps(row["body"]).encode() if "body" in row else b"",
                ),
            )
            for row in rows
        ]
    except (ValueError, KeyError, TypeError):
        raise bad_request("The batch cannot be read.") from None


def _mixed(call: Call, kind: str) -> list[Asked]:
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + call.body)
    found: list[Asked] = []
    for number, part in enumerate(message.iter_parts()):
        inside = [*part.iter_parts()] if part.is_multipart() else [part]
        for at, each in enumerate(inside):
            group = f"set{number}" if part.is_multipart() else ""
            found.append((each.get("Content-ID", f"n{number}.{at}"), group, _http(each.get_content())))
    if not found:
        raise bad_request("The batch is empty.")
    return found


def _http(raw: bytes) -> Call:
    line, _, rest = raw.partition(b"\r\n")
    message = BytesParser(policy=HTTP).parsebytes(rest)
    method, url, _ = line.decode().split(" ")
    headers = {name.title(): str(value) for name, value in message.items()}
    body = rest.partition(b"\r\n\r\n")[2].strip()
    return Call(method, url, headers=headers, body=body)


def _written(found: list[tuple[str, str, Answer]]) -> bytes:
    out = b""
    for _, rows in groupby(found, key=lambda each: each[1] or each[0]):
        parts = [(name, inside, _part(name, answer, with_id=bool(inside))) for name, inside, answer in rows]
        if parts[0][1]:
            set_of = b"".join(b"--cs\r\n" + text + b"\r\n" for _, _, text in parts) + b"--cs--\r\n"
            text = b"Content-Type: multipart/mixed; boundary=cs\r\n\r\n" + set_of
        else:
            text = parts[0][2]
        out += b"--batchresponse_1\r\n" + text + b"\r\n"
    return out + b"--batchresponse_1--\r\n"


def _part(name: str, answer: Answer, *, with_id: bool) -> bytes:
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    head += f"Content-ID: {name}\r\n" if with_id else ""
    headers = {"OData-Version": "4.0", **answer.headers}
    if answer.is_json:
        headers |= {"Content-Type": "application/json; odata.metadata=minimal"}
    fields = "".join(f"{each}: {value}\r\n" for each, value in headers.items())
    return f"{head}\r\nHTTP/1.1 {answer.status} -\r\n{fields}\r\n".encode() + answer.body()
