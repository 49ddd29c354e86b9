"""A real Tryton server and its own client, proteus, for the same three people."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from proxy.demo import scenes_operator
from proxy.demo.installation import PEOPLE, LaneOf
from proxy.demo.processes import free_port
from proxy.demo.stage import ABSENT, Stage
from proxy.demo.tryton import Answer, Proteus, TrytonServer, cache_folder, serving, tryton_python
from proxy.demo.under_way import Running, started

Folk = dict[str, Proteus]
"""Who sits at which client."""

_PARTY: Final = "party.party"
_MECHANISM: Final = "party.contact_mechanism"
_MARA, _HER_PHONE = 1, 1
_NEW_NUMBER: Final = "+35315550199"
_SHOWN: Final = {
    "name": "name",
    "e-mail": "email",
    "phone": "phone",
    "street": "addresses.street",
    "city": "addresses.city",
    "passport": "identifiers.code",
    "notes": "contact_mechanisms.comment",
}
"""What the table calls it -> where proteus finds it."""


def show(stage: Stage, folder: Path) -> None:
    """Show the whole of it.

    Raises:
        NoTryton: it is not installed.
    """
    python = tryton_python()
    stage.scene("Tryton starts (the first time, its database is made)")
    with serving(python, cache_folder()) as tryton:
        stage.say(f"trytond answers at {tryton.url}; only Lychgate gets its password")
        lane = LaneOf(free_port(), tryton.origin, tryton.secret, "Basic", tls=True)
        with started(folder, {"tryton": lane}) as run:
            scenes_operator.introduction(stage, run)
            direct = _direct(python, tryton)
            folk = {who: proteus_client(python, run, client, purpose) for client, purpose, who in PEOPLE}
            same_record(stage, folk, direct)
            refusals(stage, folk, direct)
            writes(stage, folk["support agent"], direct)
            scenes_operator.policy_edit(stage, run, _phone_seen_by(folk["support agent"]))
            scenes_operator.metrics(stage, run)
            scenes_operator.audit(stage, run)


def same_record(stage: Stage, folk: Folk, direct: Proteus) -> None:
    """One party, field by field: what there is, and what each person gets of it."""
    stage.scene("proteus: the same party, for three people")
    held, got = _fields(direct), {who: _fields(client) for who, client in folk.items()}
    stage.table(
        ("field", "the CRM holds", *got),
        [(name, held[name], *(one[name] for one in got.values())) for name in _SHOWN],
    )
    agent, marketer = got["support agent"], got["marketer"]
    stage.expect(
        "the agent sees who it is, how to write to her and where she lives",
        all(agent[name] == held[name] for name in ("name", "e-mail", "city")),
    )
    stage.expect(
        "the agent sees a masked phone", "***" in agent["phone"] and agent["phone"][-2:] == held["phone"][-2:]
    )
    stage.expect(
        "the agent sees no street, passport or notes",
        {agent[name] for name in ("street", "passport", "notes")} == {ABSENT},
    )
    stage.expect(
        "the marketer sees a name and an address to write to, and nothing else",
        [name for name in _SHOWN if marketer[name] == held[name]] == ["name", "e-mail"]
        and {marketer[name] for name in _SHOWN} == {held["name"], held["e-mail"], ABSENT},
    )
    stage.expect("the privacy officer sees what the CRM holds", got["privacy officer"] == held)


def refusals(stage: Stage, folk: Folk, direct: Proteus) -> None:
    """What is not allowed arrives as the fault that Tryton itself would raise."""
    stage.scene("proteus: what is refused, as its own exception")
    tried: dict[str, list[Any]] = {
        "a filter on the passport": ["find", _PARTY, [["identifiers.code", "like", "PASSPORT-L%"]], ["name"]],
        "a search by label, which looks into passports": [
            "find", _PARTY, [["rec_name", "ilike", "%LC7711%"]], ["name"]
        ],
        "a rename": ["set", _PARTY, _MARA, {"name": "Somebody Else"}],
        "a delete": ["delete", _PARTY, _MARA],
        "the wizard that erases a party": ["wizard", "party.erase", _PARTY, _MARA],
        "an export": ["call", f"model.{_PARTY}.export_data", [[_MARA], ["name"], {}]],
    }  # fmt: skip
    for what, answer in zip(tried, folk["support agent"].ask(*tried.values()), strict=True):
        _refused(stage, what, answer)
    (still,) = direct.ask(["get", _PARTY, _MARA, ["name"]])
    stage.expect("the party is still there, under its name", still == {"ok": {"id": 1, "name": "Mara Quinn"}})


def writes(stage: Stage, agent: Proteus, direct: Proteus) -> None:
    """A mask does not overwrite the truth; a real number goes through."""
    stage.scene("proteus: a masked value comes back, and then a real one")
    look = ["get", _MECHANISM, _HER_PHONE, ["value"]]
    (truth,), (seen,) = direct.ask(look), agent.ask(look)
    masked = str(seen.get("ok", {}).get("value"))
    stage.say(f"the CRM holds {truth['ok']['value']}, the agent sees {masked}")
    method = f"model.{_MECHANISM}.write"
    (answer,) = agent.ask(["call", method, [[_HER_PHONE], {"value": masked}, {}]])
    _refused(stage, "the masked phone written back", answer)
    stage.expect("the phone in the CRM is the true one still", direct.ask(look) == [truth])
    (answer,) = agent.ask(["set", _MECHANISM, _HER_PHONE, {"value": _NEW_NUMBER}])
    (after,) = direct.ask(look)
    stage.expect("a real new number goes through", (answer, _value(after)) == ({"ok": None}, _NEW_NUMBER))


def proteus_client(python: Path, run: Running, client: str, purpose: str) -> Proteus:
    """Return an unmodified client whose password is a Lychgate key."""
    url = f"https://anything:{run.installation.keys[client]}@localhost:{run.ports['tryton']}/crm/rpc/"
    return Proteus(python, url, {"X-Purpose": purpose}, run.installation.authority)


def _direct(python: Path, tryton: TrytonServer) -> Proteus:
    """Return a client with nothing between it and Tryton, to see what is true."""
    return Proteus(python, tryton.url.replace("//", f"//{tryton.secret}@", 1))


def _phone_seen_by(person: Proteus) -> Callable[[], str]:
    return lambda: str(_fields(person)["phone"])


def _fields(person: Proteus) -> dict[str, str]:
    """Return what a person gets of each field; each is a command, so that one refusal is not all of them."""
    answers = person.ask(*(["get", _PARTY, _MARA, [path]] for path in _SHOWN.values()))
    return {name: _cell(answer, path) for (name, path), answer in zip(_SHOWN.items(), answers, strict=True)}


def _cell(answer: Answer, path: str) -> str:
    value = answer.get("ok", {}).get(path)
    several = dict.fromkeys(value if isinstance(value, list) else [value])
    return ", ".join(str(item) for item in several if item) or ABSENT


def _value(answer: Answer) -> object:
    return answer.get("ok", {}).get("value")


def _refused(stage: Stage, what: str, answer: Answer) -> None:
    """Expect proteus's usual exception, and show what a person at the other end reads."""
    code, text = answer.get("fault", (0, str(answer)))
    stage.expect(f"{what}: {f'Fault {code}' if code else 'refused'}", code == 1)
    stage.say(f"     {text[:150]}")
