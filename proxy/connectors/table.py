"""What a connector's YAML may name: grammars of requests and styles of errors. Not in the table: refused."""

from collections.abc import Callable, Mapping
from typing import Final

from proxy.connectors.asked import Faults
from proxy.connectors.bulk.grammar import compile_bulk
from proxy.connectors.faults import JsonFaults
from proxy.connectors.found import compile_found
from proxy.connectors.grammar import Compile
from proxy.connectors.graphql.grammar import compile_graphql
from proxy.connectors.hubspot import compile_export, compile_search
from proxy.connectors.links import compile_links
from proxy.connectors.lookup import compile_lookup
from proxy.connectors.many import compile_many
from proxy.connectors.odata.batch import compile_odata_batch
from proxy.connectors.odata.counting import compile_odata_count
from proxy.connectors.odata.grammar import compile_odata
from proxy.connectors.odata.links import compile_odata_link
from proxy.connectors.odata.single import compile_odata_property
from proxy.connectors.odoo.faults import OdooFaults
from proxy.connectors.odoo.grammar import compile_odoo
from proxy.connectors.parts import compile_parts
from proxy.connectors.plain import compile_plain
from proxy.connectors.queries import compile_soql, compile_soql_page
from proxy.connectors.related import compile_related
from proxy.connectors.rpc import compile_rpc
from proxy.connectors.rpcfaults import RpcFaults
from proxy.connectors.rpcrest import compile_rpc_rest
from proxy.connectors.salesforcefaults import SalesforceFaults
from proxy.connectors.searches import compile_sosl
from proxy.connectors.soap.grammar import compile_soap
from proxy.connectors.spec import ConnectorFile
from proxy.connectors.suitecrm.faults import SuiteFaults
from proxy.connectors.suitecrm.links import compile_suite_links
from proxy.connectors.suitecrm.listing import compile_listing
from proxy.connectors.suitecrm.writes import compile_resource
from proxy.connectors.zoho.actions import compile_bin, compile_fields, compile_zoho_export
from proxy.connectors.zoho.faults import ZohoFaults
from proxy.connectors.zoho.queries import compile_coql
from proxy.connectors.zoho.searching import compile_zoho_search
from proxy.connectors.zoho.writes import compile_rows

GRAMMARS: Final[Mapping[str, Compile]] = {
    "record": compile_plain,
    "soql": compile_soql,
    "soql-page": compile_soql_page,
    "parts": compile_parts,
    "lookup": compile_lookup,
    "links": compile_links,
    "many": compile_many,
    "bulk": compile_bulk,
    "sosl": compile_sosl,
    "soap": compile_soap,
    "related": compile_related,
    "hubspot-search": compile_search,
    "pipedrive-search": compile_found,
    "hubspot-export": compile_export,
    "rpc": compile_rpc,
    "rpc-rest": compile_rpc_rest,
    "graphql": compile_graphql,
    "odata": compile_odata,
    "odata-batch": compile_odata_batch,
    "odata-count": compile_odata_count,
    "odata-link": compile_odata_link,
    "odata-property": compile_odata_property,
    "odoo": compile_odoo,
    "suitecrm-list": compile_listing,
    "suitecrm-write": compile_resource,
    "suitecrm-links": compile_suite_links,
    "zoho-coql": compile_coql,
    "zoho-search": compile_zoho_search,
    "zoho-rows": compile_rows,
    "zoho-bin": compile_bin,
    "zoho-export": compile_zoho_export,
    "zoho-fields": compile_fields,
}

FAULTS: Final[Mapping[str, Callable[[ConnectorFile], Faults]]] = {
    "json": JsonFaults.compile,
    "salesforce": SalesforceFaults.compile,
    "rpc": RpcFaults.compile,
    "odoo": OdooFaults.compile,
    "zoho": ZohoFaults.compile,
    "suitecrm": SuiteFaults.compile,
}
