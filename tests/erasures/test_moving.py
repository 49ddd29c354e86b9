"""How cases are moved on."""

import asyncio

from proxy.erase import Eraser
from tests.desk import Desk
from tests.erase.conftest import AOIFE


async def test_a_case_that_breaks_us_keeps_no_other_from_being_moved(desk: Desk, monkeypatch) -> None:
    """Whatever it is, it is told by its name, and the others go on."""

    async def breaks(self, name):
        raise ValueError("canary")

    monkeypatch.setattr(Eraser, "drive", breaks)
    case = (await desk.does("open", values=[("email", AOIFE)], ground="objection", identity="document"))["case"]
    await desk.erasures.do({"do": "run", "case": case})
    while (told := await desk.erasures.do({"do": "show", "case": case}))["busy"]:
        await asyncio.sleep(0)
    assert "ValueError" in told["trouble"]
    assert "canary" not in str(told)
