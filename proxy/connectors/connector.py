"""One CRM's API, ready to route requests and to speak in its error shape."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.connectors.asked import Asked, Faults
from proxy.connectors.goings import Going, as_what_it_is, brought_back
from proxy.connectors.playbook import Book
from proxy.connectors.route import Route, RouteTable
from proxy.message import Request, Response
from proxy.model import Catalogue


@dataclass(frozen=True, slots=True)
class Connector:
    """What `load_connector` makes of a file; immutable, shared between exchanges."""

    name: str
    catalogue: Catalogue
    """Every object and field that policy has words for."""
    table: RouteTable
    faults: Faults
    document: Mapping[str, object] = field(default_factory=dict, repr=False)
    """All that the file says, as plain data: what a policy set's digest covers and a review compares."""
    book: Book | None = None
    """How somebody is erased here; None: nobody has said."""
    where: str = ""
    """`file:line:column` of its name."""
    goings: Mapping[str, Going] = field(default_factory=dict, repr=False)
    """Object -> which writes take its records away; an object without any is left out."""
    known: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Ids of records that were seen lately."""

    def forget(self) -> None:
        """Forget every id of a record."""
        self.known.clear()

    def as_what_it_is(self, asked: Asked) -> Asked:
        """Return a request with writes that take records away as what they are."""
        return as_what_it_is(asked, self.goings) if self.goings and asked.writes else asked

    def brought_back(self, asked: Asked) -> tuple[tuple[str, str], ...]:
        """Return the records (object, id) whose people are there again once a request is carried out.

        The id is "" where nothing but the CRM knows which record it is.
        """
        return brought_back(asked, self.goings)

    def route(self, request: Request) -> Route:
        """Return the declared route of a request.

        Raises:
            Gap: `route`: nothing is declared for its method, path and parameters.
            Undecodable: its path or query can be read in more than one way.
        """
        return self.table.find(request)

    def refusal(self, request: Request, status: int, reason: str, text: str, decision_id: str) -> Response:
        """Return our refusal in the CRM's own error shape, so that its SDK raises its usual exception."""
        return self.faults.refusal(request, status, reason, text, decision_id)
