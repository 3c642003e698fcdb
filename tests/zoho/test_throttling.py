"""The client waits for a moment, refuses a longer wait, and obeys a throttle.

Answers and their meaning come from docs/zoho-apis.md, cited as "Zoho APIs 1.4".
"""

from datetime import timedelta

import pytest

from bridge.errors import SlowDownError
from bridge.zoho.client import ZohoClient
from tests.clock import Clock
from tests.zoho.loopback import BACKSTAGE, CALENDAR, CONNECT, Answer, LoopbackZoho


def test_connect_gets_at_most_25_requests_in_any_minute_and_a_long_run_ends(
    zoho: LoopbackZoho, client: ZohoClient, clock: Clock
) -> None:
    """Zoho APIs 3.8: 25 a minute. A source with many requests waits and completes."""
    times = []
    for _ in range(60):
        client.get(*CONNECT)
        times.append(clock.now)
    assert (
        max(sum(start <= time < start + timedelta(minutes=1) for time in times) for start in times)
        <= 25
    )
    assert max(clock.slept) <= 10


def test_many_threads_at_once_are_refused_rather_than_kept(
    zoho: LoopbackZoho, client: ZohoClient, clock: Clock
) -> None:
    """A wait of more than about ten seconds is the worker's to plan."""
    clock.frozen = True
    for _ in range(9):  # 5 at once, then at 3, 6, 9 and 12 seconds
        client.get(*CONNECT)
    with pytest.raises(SlowDownError, match="Zoho Connect") as caught:
        client.get(*CONNECT)
    assert clock.slept == [3, 6, 9, 12]
    assert caught.value.retry_after == 15
    assert len(zoho.calls) == 9
    assert client.get(*CALENDAR) == {"events": []}  # each product has its own budget


def test_a_throttled_product_is_left_alone_until_its_time(
    zoho: LoopbackZoho, client: ZohoClient, clock: Clock
) -> None:
    """Asking on would make Zoho's block longer; the other products go on."""
    zoho.script(Answer(status=429))
    for _ in range(2):
        with pytest.raises(SlowDownError) as caught:
            client.get(*CALENDAR)
    assert caught.value.retry_after == 120
    assert len(zoho.calls) == 1
    assert client.get(*BACKSTAGE) == {"events": []}
    clock.forward(seconds=120)
    assert client.get(*CALENDAR) == {"events": []}
