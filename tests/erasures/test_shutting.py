"""Nobody reads, or remembers, who is being erased."""

from tests.desk import Desk


async def test_no_process_remembers_an_id_of_who_was_erased(desk: Desk) -> None:
    """What pages of before left in memory to save time is gone, here and then in every worker."""
    app, told = desk.harness.app, []
    connectors = [gateway.rules.connector for gateway in app.gateways.values()]

    async def spread() -> None:
        told.append(remembered())

    def remembered() -> set[str]:
        seen = {value for each in app.pseudonyms._remembered.values() for value in each}
        return seen.union(*(each.known for each in connectors)) & {"101", "102"}

    app.spread = spread
    case = await desk.confirmed()
    told.clear()
    app.pseudonyms.all("record", ["101", "102"])
    for connector in connectors:
        connector.known.update({"101": "101", "102": "102"})
    await desk.does("run", case)
    assert not desk.there
    assert told
    assert not any(told)
    assert remembered() == set()
