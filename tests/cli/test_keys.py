"""`lychgate keys` on an installation that does not run: what it prints, refuses, and puts on record."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.keys import keys
from proxy.cli.starter import configuration
from proxy.config import load_config
from proxy.crypto import read_key
from proxy.errors import LychgateError
from proxy.kept import open_kept
from proxy.keys import indexes
from proxy.keys.rewrap import rewrap
from proxy.ledger.verify import read_entries, verify
from proxy.scaffold import scaffold


class Gate:
    """An installation, and two officers of its."""

    def __init__(self, folder: Path) -> None:
        list(scaffold(folder, configuration("salesforce", "https://localhost:1")))
        self.folder = folder
        self.config = folder / "lychgate.yaml"
        self.tokens = {}
        for name in ("ann", "ben"):
            made = json.loads(CliRunner().invoke(keys, ["officer", name, "--format", "json"]).output)
            self.tokens[name] = folder / f"token-{name}"
            self.tokens[name].write_text(made["token"] + "\n")
            self.digests = {**getattr(self, "digests", {}), name: made["sha256"]}
        text = self.config.read_text()
        self.config.write_text(f"{text}\nkeys: {{officers: {json.dumps(self.digests)}}}\n")

    def run(self, *words: object) -> Result:
        """Run the command; what Lychgate raises on purpose comes out as it would for a person."""
        return CliRunner().invoke(keys, [*map(str, words), "-c", str(self.config)])

    def result(self, *words: object) -> dict:
        """Run the command, which must succeed, and return what it says to programs."""
        done = self.run(*words, "--format", "json")
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout)

    def refused(self, *words: object) -> str:
        """Run the command, which must be refused; return why."""
        done = self.run(*words)
        assert isinstance(done.exception, LychgateError), (done.output, done.exception)
        return str(done.exception)

    def meet(self, count: int) -> list[bytes]:
        """Return the ids of the keys of so many new people."""
        config = load_config(self.config)
        kept = open_kept(config, read_key(config.state / "keys" / "root.key"))
        try:
            with kept.store.begin() as connection:
                return [kept.keys.new_subject(connection).id for _ in range(count)]
        finally:
            kept.close()

    def events(self) -> list[str]:
        """Return what is on record of keys, and that the ledger is whole."""
        folder = self.folder / "state" / "ledger"
        assert verify(folder).problem_count == 0
        entries = [json.loads(line) for _, _, line in read_entries(folder)]
        return [f"{entry['what']} {entry['detail']}" for entry in entries if entry["kind"] == "noted"]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Give an installation whose keys are made."""
    made = Gate(tmp_path)
    made.run("init")
    return made


def test_keys_are_made_once(tmp_path: Path) -> None:
    """Before that, status says what to do; making them again does nothing."""
    gate = Gate(tmp_path)
    before = gate.run("status")
    assert before.exit_code == 1
    assert "lychgate keys init" in before.stderr
    assert gate.result("init") == {"made": True, "provider": "file"}
    assert gate.result("init") == {"made": False, "provider": "file"}
    assert gate.events() == ["keys_made epoch=1 provider=file"]


def test_status_counts_by_key(gate: Gate) -> None:
    """Each epoch with its state, the provider's name for it, and how many keys are under it."""
    gate.meet(3)
    said = gate.result("status")
    (epoch,) = said["epochs"]
    assert (epoch["epoch"], epoch["state"], epoch["keys"]) == (1, "active", 7)
    assert epoch["handle"].startswith("lychgate-epoch-1-")
    assert said["findings"] == []
    text = gate.run("status").stdout
    assert "epoch 1   active                     7 keys" in text


def test_status_tells_what_the_provider_says_otherwise(gate: Gate) -> None:
    """Somebody destroyed the key behind our back: exit code 1, and the epoch is named."""
    ring = gate.folder / "state" / "keys" / "keyring.json"
    document = json.loads(ring.read_bytes())
    document["keys"] = {}
    ring.write_text(json.dumps(document))
    done = gate.run("status")
    assert done.exit_code == 1
    assert "epoch 1 is active here, and its key is absent with the provider" in done.stderr
    ring.chmod(0o644)
    done = gate.run("status")
    assert done.exit_code == 1
    assert "the provider cannot be asked" in done.stderr


def test_a_rotation_wraps_everything_anew(gate: Gate) -> None:
    """And the next one begins another epoch."""
    gate.meet(3)
    assert gate.result("rotate") == {"epoch": 2, "keys": 7, "damaged": 0, "resumed": False}
    assert gate.result("rotate")["epoch"] == 3
    assert gate.events()[1:3] == [
        "keys_rotated epoch=2 provider=file",
        "keys_rewrapped epoch=2 keys=7 damaged=0",
    ]


def test_a_rotation_that_died_is_finished_first(gate: Gate) -> None:
    """It does not begin a third epoch, and says that it only finished."""
    gate.meet(3)
    config = load_config(gate.config)
    kept = open_kept(config, read_key(config.state / "keys" / "root.key"))
    from proxy.cli.keying import Custody

    Custody(config, kept).epochs.begin()
    next(rewrap(kept.keys))
    kept.close()
    said = gate.result("rotate")
    assert said == {"epoch": 2, "keys": 7, "damaged": 0, "resumed": True}


def test_every_data_subject_gets_a_new_key(gate: Gate) -> None:
    """Keys that are young enough are left."""
    gate.meet(3)
    assert gate.result("rotate", "--subjects", "--older-than", 1) == {"subjects": 0}
    assert gate.result("rotate", "--subjects") == {"subjects": 3}
    assert gate.result("status")["epochs"][0]["keys"] == 10


def test_suspending_and_resuming(gate: Gate) -> None:
    """Without a number it is the one in force, and the one that is suspended."""
    gate.meet(1)
    assert gate.result("suspend") == {"epoch": 1, "state": "suspended"}
    with pytest.raises(LychgateError, match="key_suspended"):
        gate.meet(1)
    assert "say which one" in gate.refused("suspend")
    assert "suspended" in gate.refused("rotate")
    assert gate.result("resume") == {"epoch": 1, "state": "active"}
    assert "say which one" in gate.refused("resume")
    gate.meet(1)


def test_marking_a_key_as_compromised(gate: Gate) -> None:
    """Only an epoch that is not in force."""
    assert "rotate first" in gate.refused("compromised", 1)
    gate.run("rotate")
    assert gate.result("compromised", 1) == {"epoch": 1, "state": "compromised"}


def test_two_officers_destroy_and_one_cannot(gate: Gate) -> None:
    """One person twice is one person; an unknown token is nobody; with a second officer it is done."""
    gate.meet(2)
    gate.run("rotate")
    want = ("destroy", 1, "--token-file")
    stranger = gate.folder / "stranger"
    stranger.write_text("lgo_" + "A" * 43)
    assert "unknown_officer" in gate.refused(*want, stranger)
    assert gate.result(*want, gate.tokens["ann"])["missing"] == 1
    assert "it takes somebody else as well" in gate.refused(*want, gate.tokens["ann"])
    assert gate.result(*want, gate.tokens["ann"], "--withdraw")["withdrawn"]
    assert gate.result(*want, gate.tokens["ben"])["missing"] == 1
    done = gate.result(*want, gate.tokens["ann"])
    assert done == {"epoch": 1, "state": "destroyed", "missing": 0}
    assert gate.result(*want, gate.tokens["ben"]) == done
    assert gate.result("status")["findings"] == []
    assert gate.events()[-2:] == ["keys_destroy_begun epoch=1 officers=ann,ben", "keys_destroyed epoch=1"]


def test_who_is_no_officer_any_more_does_not_count(gate: Gate) -> None:
    """Ann wanted it, and has left since: Ben alone is one; with another officer it is done."""
    gate.meet(2)
    gate.run("rotate")
    want = ("destroy", 1, "--token-file")
    assert gate.result(*want, gate.tokens["ann"])["missing"] == 1
    made = json.loads(CliRunner().invoke(keys, ["officer", "cyd", "--format", "json"]).output)
    text = gate.config.read_text()
    gate.config.write_text(text.replace(f'"ann": "{gate.digests["ann"]}"', f'"cyd": "{made["sha256"]}"'))
    assert gate.result(*want, gate.tokens["ben"])["missing"] == 1
    gate.tokens["ann"].write_text(made["token"])
    assert gate.result(*want, gate.tokens["ann"])["state"] == "destroyed"
    assert "keys_destroy_begun epoch=1 officers=ben,cyd" in gate.events()


def test_an_officer_who_was_removed_for_a_while_has_said_nothing(gate: Gate) -> None:
    """Any command about keys that reads the configuration without them is enough."""
    gate.meet(2)
    gate.run("rotate")
    want = ("destroy", 1, "--token-file")
    assert gate.result(*want, gate.tokens["ann"])["missing"] == 1
    text = gate.config.read_text()
    gate.config.write_text(text.replace(f'"ann": "{gate.digests["ann"]}", ', ""))
    gate.run("status")
    assert gate.events()[-1] == "keys_destroy_voided epoch=1 officer=ann"
    gate.config.write_text(text)
    assert gate.result(*want, gate.tokens["ben"])["missing"] == 1
    assert gate.result(*want, gate.tokens["ann"])["state"] == "destroyed"


def test_the_key_that_finds_values_is_exchanged(gate: Gate) -> None:
    """Status says which are searched and what each finds; it is on record, and can be taken up."""
    assert gate.result("rotate", "--index") == {"index": 2, "values": 0, "lost": 0, "resumed": False}
    assert gate.result("status")["index_keys"] == [{"index": 2, "values": 0}]
    assert "index 2             0 values   in force" in gate.run("status").output
    assert gate.events()[-2:] == ["index_key_rotated index=2", "index_key_retired index=2"]
    config = load_config(gate.config)
    kept = open_kept(config, read_key(config.state / "keys" / "root.key"))
    indexes.begin(kept.keys, lambda what, detail: None)
    kept.close()
    assert [each["index"] for each in gate.result("status")["index_keys"]] == [2, 3]
    assert "searched, until" in gate.run("status").output
    assert gate.result("rotate", "--index")["resumed"]
    assert gate.run("rotate", "--index", "--subjects").exit_code == 2


def test_a_key_in_use_is_not_destroyed(gate: Gate) -> None:
    """Whoever wants it."""
    assert "is active" in gate.refused("destroy", 1, "--token-file", gate.tokens["ann"])


def test_a_token_comes_from_the_environment(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """As well as from a file, and is never printed."""
    gate.run("rotate")
    token = gate.tokens["ann"].read_text().strip()
    monkeypatch.setenv("LYCHGATE_OFFICER_TOKEN", token)
    done = gate.run("destroy", 1)
    assert "another has to run the same" in done.output
    assert token not in done.output


def test_two_officers_with_one_token_are_one(gate: Gate) -> None:
    """The configuration is refused."""
    digest = gate.digests["ann"]
    text = gate.config.read_text().replace(gate.digests["ben"], digest)
    gate.config.write_text(text)
    assert "it takes two people" in gate.refused("status")


def test_an_officers_token_and_its_line() -> None:
    """The token is printed once; what the configuration gets is its digest."""
    said = CliRunner().invoke(keys, ["officer", "ann"]).output
    token = next(word for word in said.split() if word.startswith("lgo_"))
    from proxy.keys.officers import digest

    assert f'    ann: "{digest(token)}"' in said
    assert CliRunner().invoke(keys, ["officer", "Ann B"]).exit_code == 2


def test_public_keys_are_printed(gate: Gate) -> None:
    """One of the certificates is there from the first day, and stays through a rotation."""
    said = gate.result("export-public")
    assert said["certificates"].startswith("lychgate.dev/ledger/")
    gate.run("rotate")
    assert gate.run("export-public").output.split() == [*said["checkpoints"], said["certificates"]]
