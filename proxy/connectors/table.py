"""What a connector's YAML may name: grammars of requests and styles of errors. Not in the table: refused."""

from collections.abc import Callable, Mapping
from typing import Final

from proxy.connectors.asked import Faults
from proxy.connectors.faults import JsonFaults
from proxy.connectors.grammar import Compile
from proxy.connectors.plain import compile_plain
from proxy.connectors.spec import ConnectorFile

GRAMMARS: Final[Mapping[str, Compile]] = {
    "record": compile_plain,
}

FAULTS: Final[Mapping[str, Callable[[ConnectorFile], Faults]]] = {
    "json": JsonFaults.compile,
}
