"""From a path in a query to a field: which relationships lead there, and what stands at the end."""

from dataclasses import dataclass

from proxy.sandbox.salesforce.org import Org, Row
from proxy.sandbox.salesforce.refusals import at_place
from proxy.sandbox.salesforce.schema import Field, SObject
from proxy.sandbox.salesforce.soql_tree import Path, Query


@dataclass(frozen=True, slots=True)
class Reach:
    """One field as a query names it."""

    links: tuple[Field, ...]
    """References to follow, in order; empty for a field of the queried object itself."""
    sobject: SObject
    """The object the field belongs to."""
    item: Field

    def value(self, org: Org, start: SObject, row: Row) -> object:
        """Return the field's value for one row of the queried object `start`."""
        if not self.links:
            return org.value(start, row, self.item)
        return org.along(start, row, [link.up for link in self.links] + [self.item.name])


class Scope:
    """What names mean inside one SELECT."""

    def __init__(self, org: Org, text: str, query: Query, sobject: SObject) -> None:
        self.org = org
        self.text = text
        self.query = query
        self.sobject = sobject

    def reach(self, path: Path) -> Reach:
        """Return the field a path leads to.

        Raises:
            SalesforceError: INVALID_FIELD, in the words of the real service.
        """
        parts = list(path.parts)
        own = {self.sobject.name.lower(), (self.query.alias or self.sobject.name).lower()}
        if len(parts) > 1 and parts[0].lower() in own and parts[0].lower() not in self.sobject.upward:
            parts = parts[1:]
        links, here = [], self.sobject
        for name in parts[:-1]:
            link = here.upward.get(name.lower())
            if link is None:
                raise self.invalid_field(path, _NO_RELATIONSHIP.format(name))
            links.append(link)
            here = self.org.schema.objects[link.to.lower()]
        item = here.find(parts[-1])
        if item is None:
            raise self.invalid_field(path, _NO_COLUMN.format(parts[-1], here.name))
        return Reach(tuple(links), here, item)

    def usable(self, path: Path, clause: str) -> Reach:
        """Return the field a path leads to if it may stand in WHERE, GROUP BY or ORDER BY.

        Raises:
            SalesforceError: INVALID_FIELD.
        """
        reach = self.reach(path)
        if not reach.item.filterable:
            verb = {"WHERE": "filtered", "GROUP BY": "grouped", "ORDER BY": "sorted"}[clause]
            message = f"field '{reach.item.name}' can not be {verb} in a query call"
            raise self.invalid_field(path, message)
        return reach

    def invalid_field(self, path: Path, message: str) -> Exception:
        """Return the error for a field this query may not use like that."""
        return at_place("INVALID_FIELD", self.text, path.at, message)


_NO_COLUMN = (
    "No such column '{}' on entity '{}'. If you are attempting to use a custom field, be sure to append the "
    "'__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate "
    "names."
)
_NO_RELATIONSHIP = (
    "Didn't understand relationship '{}' in field path. If you are attempting to use a custom relationship, "
    "be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the "
    "describe call for the appropriate names."
)
