"""What the engine alone costs per exchange: a `Gateway` with everything on, in one process, without HTTP.

    python tests/bench/bench_engine.py [--rounds 7] [--profile CASE]

Each exchange is enforced whole: identity, policy, exact JSON, redaction, pseudonyms, metrics and both entries
in a ledger on this machine's disk. Sixteen run at a time, as many as `bench_lane.py` has connections, so
commits are shared as they are under load. The time is CPU of the process, the ledger's thread and the kernel
included; of several rounds the median. Beside it stands what orjson needs to read and write the same body
without looking at it, and the answer is compared with the one expected before anything is timed.

`--profile` prints where the time of one case goes, by function (the profiler itself takes its share).
"""

import argparse
import asyncio
import cProfile
import pstats
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import canned_upstream
import orjson
from bench_lane import CASES, Case

from proxy.app import build
from proxy.config import load_config
from proxy.demo.installation import LaneOf, make_installation
from proxy.enforce import Gateway
from proxy.exchange import Forward
from proxy.message import Headers, Request, Response

AT_A_TIME = 16
SECONDS = 0.4
"""CPU time that one round takes, about."""


def messages(case: Case, key: str) -> tuple[Request, Response]:
    """Return the client's request and the CRM's answer, as a data plane would hand them in."""
    record = case.name == "record"
    body = canned_upstream.record(case.size) if record else canned_upstream.page(case.size, case.selected)
    path, _, query = case.path.partition("?")
    sent = {
        "host": "127.0.0.1:8080",
        "x-lychgate-key": key,
        "x-purpose": "customer_support",
        "accept": "application/json",
        "user-agent": "bench",
    }
    back = {
        "content-type": "application/json;charset=UTF-8",
        "sforce-limit-info": "api-usage=18/15000",
        "content-length": str(len(body)),
    }
    request = Request("GET", path, query, Headers(tuple(sent.items())))
    return request, Response(200, Headers(tuple(back.items())), body)


async def exchange(gateway: Gateway, request: Request, response: Response) -> bytes:
    """Enforce one exchange; return the body that is released."""
    forward = await gateway.on_request(request)
    if not isinstance(forward, Forward):
        raise SystemExit("the request is refused: the bench would be meaningless")
    released = await gateway.on_response(forward, response)
    if released.status != 200:
        raise SystemExit("the answer is refused: the bench would be meaningless")
    return released.body


async def many(work: Callable[[], Awaitable[bytes]], times: int) -> None:
    """Do it so often, several at a time."""

    async def some() -> None:
        for _ in range(-(-times // AT_A_TIME)):
            await work()

    await asyncio.gather(*(some() for _ in range(AT_A_TIME)))


async def cost(work: Callable[[], Awaitable[bytes]], rounds: int) -> float:
    """Return microseconds of CPU per exchange."""
    times, used = AT_A_TIME, 0.0
    while used < SECONDS / 2:
        times *= 2
        began = time.process_time()
        await many(work, times)
        used = time.process_time() - began
    found = []
    for _ in range(rounds):
        began = time.process_time()
        await many(work, times)
        found.append((time.process_time() - began) / times * 1e6)
    return statistics.median(found)


def bare(body: bytes, rounds: int) -> float:
    """Return microseconds for orjson to read and write a body."""
    times = max(1, 20_000_000 // len(body) // 4)
    found = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(times):
            orjson.dumps(orjson.loads(body))
        found.append((time.process_time() - began) / times * 1e6)
    return statistics.median(found)


def check(released: bytes) -> None:
    """Stop unless the answer is redacted as the example policy says."""
    if b"SSN__c" in released or b"Iban__c" in released or b'"Phone":"*** *** ' not in released:
        raise SystemExit("the answer is not redacted as it should be: the bench would be meaningless")


def profiled(gateway: Gateway, case: Case, key: str, loop: asyncio.Runner) -> None:
    """Print the functions that take the most time."""
    request, response = messages(case, key)
    profile = cProfile.Profile()
    loop.run(many(lambda: exchange(gateway, request, response), AT_A_TIME))
    profile.enable()
    loop.run(many(lambda: exchange(gateway, request, response), 50 if case.size > 10_000 else 2_000))
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(45)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--profile", choices=[case.name for case in CASES])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as loop:
        made = make_installation(
            Path(folder), {"salesforce": LaneOf(1, "http://127.0.0.1:1", "unused")}, admin=2
        )
        app = build(load_config(made.config))
        gateway, key = app.gateways["salesforce"], made.keys["helpdesk"]
        print(f"{'case':<8}{'bytes':>9}{'orjson us':>11}{'engine us':>11}{'engine / orjson':>17}")
        for case in CASES:
            if options.profile in {None, case.name}:
                request, response = messages(case, key)
                check(loop.run(exchange(gateway, request, response)))
                if options.profile:
                    profiled(gateway, case, key, loop)
                    continue
                least = bare(response.body, options.rounds)
                used = loop.run(cost(lambda m=(request, response): exchange(gateway, *m), options.rounds))
                size = len(response.body)
                print(f"{case.name:<8}{size:>9}{least:>11.0f}{used:>11.0f}{used / least:>17.1f}")
        app.ledger.close()


if __name__ == "__main__":
    main()
