"""addons.quiet: places, never texts."""

import logging

from addons.quiet import loop_trouble, quiet


def test_a_record_becomes_its_place(caplog):
    """Logger and line are passed on; message, arguments and exception are not."""
    speaker = logging.getLogger("mitmproxy.proxy.server")
    with quiet():
        try:
            raise ValueError("canary")
        except ValueError:
            speaker.exception("canary %s", "canary", extra={"client": "canary"})
        speaker.info("canary")
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("the host reported something at mitmproxy.proxy.server:")
    assert "canary" not in str(caplog.records[0].__dict__)


def test_silence_ends_with_the_block(caplog):
    """Afterwards the loggers are as they were."""
    speaker = logging.getLogger("mitmproxy")
    before = (speaker.handlers, speaker.propagate, speaker.level)
    with quiet():
        assert speaker.propagate is False
    assert (speaker.handlers, speaker.propagate, speaker.level) == before


def test_trouble_in_the_loop_is_told_by_type(caplog):
    """The loop's own report would quote the exception and the task."""
    loop_trouble(None, {"message": "canary", "exception": KeyError("canary"), "task": "canary"})
    assert "KeyError" in caplog.text
    assert "canary" not in caplog.text
