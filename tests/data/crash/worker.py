"""Refreshes sources over and over until it is killed. Started once, it forks a worker for each line it is given.

A fork, because starting Python two hundred times would take longer than all that is to be tested. A line is
``{"url": database, "now": ISO time, "environment": {settings}, "sources": [keys]}``; it tells ``pid N``, ``began`` when
the first refresh begins, and ``dead``.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
import json
import os
import sys
from typing import Any

from bridge import config
from bridge.refresh.refresher import Refresher
from bridge.store import Store
from bridge.store.crypto import SecretKeys
from bridge.zoho.client import ZohoClient


def work(order: Any) -> None:
    store = Store.open(order["url"], SecretKeys(order["environment"]["BRIDGE_SECRET_KEY"]))
    zoho = config.load(order["environment"]).zoho
    now = datetime.fromisoformat(order["now"])
    client = ZohoClient(
        zoho, store.tokens, paces=store.rate_limits, clock=lambda: now, sleep=lambda _: None
    )
    refresher = Refresher(
        store=store, api=client, zoho=zoho, holder=f"w{os.getpid()}", clock=lambda: now
    )

    def over_and_over(key: Any) -> None:
        while True:
            report = refresher.refresh(key)
            if report.outcome not in ("refreshed", "busy"):
                tell(f"not refreshed: {report}")

    tell("began")
    with ThreadPoolExecutor(len(order["sources"])) as pool:
        for failed in pool.map(over_and_over, order["sources"]):
            tell(f"ended: {failed}")


def tell(text: str) -> None:
    os.write(1, f"{text}\n".encode())


if __name__ == "__main__":
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                work(json.loads(line))
            except BaseException as error:  # noqa: BLE001 - a fork must not go on as if it were the parent
                tell(f"failed: {error!r}")
                os._exit(1)
        tell(f"pid {pid}")
        os.waitpid(pid, 0)
        tell("dead")
