"""Workers that refresh sources until they are killed, one worker a line of input.

They are forks of this process, because 200 starts of Python would take longer than the test. A line
is ``{"url": database, "now": ISO time, "environment": {settings}, "sources": [keys]}``, with
``"failures": true`` if reads may fail. The answers are ``pid N``, ``began`` when the first refresh
begins, and ``dead``.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
import json
import os
import sys
from typing import Any

import structlog

from bridge import config
from bridge.refresh.refresher import Refresher
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.client import ZohoClient


def work(order: dict[str, Any]) -> None:
    store = Store.open(order["url"], SecretKeys(order["environment"]["BRIDGE_SECRET_KEY"]))
    zoho = config.load(order["environment"]).zoho
    now = datetime.fromisoformat(order["now"])
    client = ZohoClient(
        zoho, store.tokens, store.rate_limits, clock=lambda: now, sleep=lambda _: None
    )
    refresher = Refresher(
        store=store, api=client, zoho=zoho, holder=f"w{os.getpid()}", clock=lambda: now
    )

    expected = {"refreshed", "busy"}
    if order.get("failures"):
        expected |= {"held", "waiting", "failed"}

    def refresh_forever(key: str) -> None:
        while True:
            report = refresher.refresh(key)
            if report.outcome not in expected:
                write(f"not refreshed: {report}")

    write("began")
    with ThreadPoolExecutor(len(order["sources"])) as pool:
        for failed in pool.map(refresh_forever, order["sources"]):
            write(f"ended: {failed}")


def write(text: str) -> None:
    os.write(1, f"{text}\n".encode())


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # stdout is for the reports
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                work(json.loads(line))
            except BaseException as error:  # noqa: BLE001 - a fork must not continue as the parent
                write(f"failed: {error!r}")
                os._exit(1)
        write(f"pid {pid}")
        os.waitpid(pid, 0)
        write("dead")
