"""What a refused client is told."""

import re

from proxy.sentences import SENTENCES, sentence


def test_every_reason_and_status_has_a_sentence() -> None:
    """A refusal without a word would leave a person with nothing to do."""
    for status in (400, 401, 403, 404, 405, 409, 413, 415, 418, 422, 500, 502, 503, 504):
        assert sentence("never_heard_of", status).endswith(".")


def test_sentences_are_plain_text() -> None:
    """They stand in JSON, XML and headers alike, so none may need escaping."""
    assert all(re.fullmatch(r"[A-Za-z0-9 ,.:;'-]+", text) for text in SENTENCES.values())


def test_a_field_is_named_only_to_whoever_wrote_it() -> None:
    """A hidden field and one that does not exist read the same."""
    assert "Contact.Email" in sentence("invalid_value_written", 422, "Contact.Email")
    assert "Contact.Email" not in sentence("field_not_queryable", 403, "Contact.Email")
    assert sentence("invalid_value_written", 422) == SENTENCES["invalid_value_written"]
