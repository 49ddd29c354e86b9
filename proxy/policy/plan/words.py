"""What changes beside the cells: who may be which caller, what a request counts as, and words for people."""

from collections.abc import Iterator, Mapping

from proxy.model import Client
from proxy.policy.compile import PolicySet
from proxy.policy.plan.cell import Verdict
from proxy.policy.plan.changes import Note
from proxy.policy.plan.deleting import deleting
from proxy.policy.plan.demanding import demanding
from proxy.policy.plan.protecting import protecting


def notes(old: PolicySet, new: PolicySet) -> tuple[Note, ...]:
    """Return what changes for clients, purposes and recipients, in what connectors make of requests, in what the
    CRM has in clear, in what is demanded of groups, values and time, and in what deletes come to.

    A cell says what callers with some roles may do; a client that gains a role becomes such a caller, which
    opens as much as a grant does.
    """
    found = [
        *_clients(old.clients, new.clients),
        *_connectors(old.connectors, new.connectors),
        *protecting(old, new),
        *demanding(old, new),
        *deleting(old, new),
        *_described("purpose", _purposes(old), _purposes(new)),
        *_described("recipient", _recipients(old), _recipients(new)),
    ]
    return tuple(sorted(found, key=lambda note: (note.verdict is None, note.what, note.text)))


def _clients(old: Mapping[str, Client], new: Mapping[str, Client]) -> Iterator[Note]:
    for name in sorted({*old, *new}):
        what = f"client {name}"
        was, now = old.get(name), new.get(name)
        if was is None and now is not None:
            roles, purposes = ", ".join(sorted(now.roles)), ", ".join(sorted(now.purposes))
            text = f"is new: roles {roles}; purposes {purposes}; for {now.recipient.name}"
            yield Note(Verdict.LOOSENED, what, text)
        elif now is None:
            yield Note(Verdict.TIGHTENED, what, "is gone")
        elif was is not None:
            yield from _client(what, was, now)


def _client(what: str, was: Client, now: Client) -> Iterator[Note]:
    for word, before, after in (("role", was.roles, now.roles), ("purpose", was.purposes, now.purposes)):
        yield from (Note(Verdict.LOOSENED, what, f"gains {word} {name}") for name in after - before)
        yield from (Note(Verdict.TIGHTENED, what, f"loses {word} {name}") for name in before - after)
    if was.recipient.name != now.recipient.name:
        yield Note(Verdict.MIXED, what, f"now calls for {now.recipient.name}, before for {was.recipient.name}")
    if was.default_purpose != now.default_purpose:
        yield Note(
            None, what, f"default purpose {was.default_purpose or 'none'} -> {now.default_purpose or 'none'}"
        )
    if was.kind != now.kind:
        yield Note(Verdict.MIXED, what, f"now counts as {now.kind}, before as {was.kind}")
    for word, held, holds in (
        ("key", was.key_digests, now.key_digests),
        ("certificate name", was.sans, now.sans),
        ("token mark", frozenset(was.jwt.items()), frozenset(now.jwt.items())),
    ):
        if held != holds:
            # Whoever holds a new credential becomes this caller, as a new client does.
            verdict = Verdict.MIXED if holds - held else Verdict.TIGHTENED
            yield Note(verdict, what, f"{word}s: {len(holds - held)} added, {len(held - holds)} removed")


def _connectors(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Note]:
    """Yield each part of a connector that differs, beyond the fields and categories that cells show.

    Whether another route, pattern or body opens or closes cannot be told from here: it decides which question
    is put to policy at all. So each such change counts as both.
    """
    for name in sorted({*old, *new}):
        what = f"connector {name}"
        if name not in old or name not in new:
            yield Note(Verdict.MIXED, what, "is gone" if name not in new else "is new")
            continue
        was, now = _beyond_cells(old[name], new[name]), _beyond_cells(new[name], old[name])
        for part in sorted({*was, *now}):
            if was.get(part) != now.get(part):
                yield Note(Verdict.MIXED, what, f"changes {part}: what a request or an answer counts as")


def _beyond_cells(document: object, other: object) -> dict[str, object]:
    """Return the parts of a connector, by name; of objects that both have, each part on its own.

    Fields and attributes that only one side has are left out, and so are categories and tags: cells show them.
    """
    parts = dict(_members(document))
    objects = _members(parts.pop("objects", None))
    others = _members(_members(other).get("objects"))
    for name in sorted({*objects, *others}):
        if name not in objects or name not in others:
            continue
        for part, said in _members(objects[name]).items():
            known = _members(_members(others[name]).get(part))
            both = {word: of for word, of in _members(said).items() if word in known}
            if part == "fields":
                parts[f"fields of {name}"] = {field: _uses(of) for field, of in both.items()}
            else:
                parts[f"{part} of {name}"] = both if part == "attributes" else said
    return parts


def _uses(field: object) -> dict[str, object]:
    return {key: value for key, value in _members(field).items() if key not in ("category", "tags")}


def _members(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _described(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Note]:
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if was is None or now is None:
            yield Note(None, f"{what} {name}", "is gone" if now is None else f"is new: {now}")
        elif was != now:
            yield Note(None, f"{what} {name}", f"{was} -> {now}")


def _purposes(policies: PolicySet) -> dict[str, str]:
    return {name: f"lawful basis {of.lawful_basis or 'none'}" for name, of in policies.purposes.items()}


def _recipients(policies: PolicySet) -> dict[str, str]:
    return {name: f"{of.kind}, {of.country or 'no country'}" for name, of in policies.recipients.items()}
