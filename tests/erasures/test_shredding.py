"""What is remembered of who was erased, to keep them away."""

from proxy.app import build
from proxy.config import load_config
from proxy.message import Headers, Request
from tests.desk import Desk
from tests.e2e.harness import GatewayHarness
from tests.erase.conftest import answered


async def test_a_number_is_known_in_its_national_form_on_its_lane(desk: Desk) -> None:
    """Where the lane says whose numbers it has; elsewhere a national number could be anybody's."""
    case = await desk.confirmed()
    await desk.does("run", case)
    crm = desk.crms["salesforce"]
    path = f"/services/data/v59.0/sobjects/Contact/{crm.people()[3]['Id']}"
    desk.harness.close()  # its ledger is the next one's
    config = desk.harness.installation.config
    text = config.read_text("utf-8")
    for region, status in (("", 204), ("\n    region: IE", 403)):
        config.write_text(text.replace("connector: salesforce", f"connector: salesforce{region}"), "utf-8")
        again = GatewayHarness(desk.harness.installation, build(load_config(config)))
        fields = (("content-type", "application/json"), *again.credentials("helpdesk", "customer_support"))
        write = Request("PATCH", path, headers=Headers(fields), body=b'{"Phone": "086 555 0101"}')
        ended = await again.exchange("salesforce", write, lambda request: answered(crm, request))
        assert ended.response.status == status
        again.close()
        again.app.kept.close()
