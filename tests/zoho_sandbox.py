"""The demo's sandbox for tests: with recorded requests, faults, limits of tokens, data by id."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flask import Response, request

from bridge.sandbox import server
from bridge.sandbox.calendar_objects import Builder, timed
from bridge.sandbox.state import Calendar, Data, Group, Portal
from tests.zoho_accounts import Accounts
from tests.zoho_faults import Faults

# Ids of the demo's world: bridge/sandbox/data.
PORTAL, CONFERENCE = "20148871", "31000000000118"
NETWORK = "931000000021003"
ALL_HANDS, LEADERSHIP, CLUB = "931000000330001", "931000000330017", "931000000330042"
WORK, HOLIDAYS = "q3Xv8Tn_Rk2mWz0yLb7cAg==", "Zk9Pq1m_TtW4xv6JsD2hYw=="
US, TEAM = "5be0d3f17a2c4c6f9a41c0b7e8d25f60", "b7c1e94f20d84a53a6f3d5e1907c842b"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request with the parameters in its address, without its body, and with one header."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    route: str
    accept: str


class Sandbox(server.Sandbox):
    """A Zoho that records its requests, misbehaves on demand, and has Zoho's limits on tokens."""

    tokens: Accounts

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        data: Data | None = None,
        *,
        page_size: int = 10,
    ) -> None:
        self.faults = Faults(now)
        self._requests: deque[RecordedRequest] = deque(maxlen=20_000)

        def skewed_now() -> datetime:
            return now() + self.faults.skew()

        tokens = Accounts(skewed_now, now)
        super().__init__(skewed_now, data, page_size=page_size, tokens=tokens)
        self.app.after_request(self._record)
        self.faults.install(self.app)

    @property
    def requests(self) -> list[RecordedRequest]:
        """Return the requests so far, oldest first."""
        return list(self._requests)

    def forget_requests(self) -> None:
        """Empty the record of requests."""
        self._requests.clear()

    def portal(self, portal_id: str) -> Portal:
        """Return a Backstage portal to read or change; raise KeyError without it."""
        return self.data.portals[portal_id]

    def group(self, group_id: str) -> Group:
        """Return a Connect group of any network to read or change; raise KeyError without it."""
        groups: dict[str, Group] = {}
        for network in self.data.networks.values():
            groups |= network.groups
        return groups[group_id]

    def calendar(self, uid: str) -> Calendar:
        """Return a calendar to read or change; raise KeyError without it."""
        return self.data.calendars[uid]

    def stop(self) -> None:
        """Stop serving, and end answers that are being delayed."""
        self.faults.release()
        super().stop()

    def _record(self, response: Response) -> Response:
        self._requests.append(
            RecordedRequest(
                method=request.method,
                path=request.path,
                query=request.args.to_dict(),
                status=response.status_code,
                route=request.endpoint or "",
                accept=request.headers.get("Accept", ""),
            )
        )
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Original starts, in UTC, of a series of which answers by instance contradict the list."""

    uid: str
    missing: datetime  # not in the plain list
    extra: datetime  # only in the plain list
    shifted: datetime  # the time of the plain list; the true one is half an hour later


def contradict(calendar: Calendar, today: date) -> Contradiction:
    """Make the calendar ``US`` contradict itself about a new series that starts in a week."""
    build = Builder(US, "1657000000004017", today)
    begin = today + timedelta(weeks=1)
    series = build(
        "Launch check",
        timed("PST", begin, "09:00", 30),
        rule="FREQ=WEEKLY;COUNT=6",
        uid="c0ffee00c0ffee00c0ffee00c0ffee00@zoho.com",
    )
    calendar.events.add(series)
    missing = timed("PST", begin + timedelta(days=3), "09:00", 30)
    extra, shifted = (timed("PST", begin + timedelta(weeks=n), "09:00", 30) for n in (1, 2))
    later = timed("PST", begin + timedelta(weeks=2), "09:30", 30)
    calendar.by_instance.add(
        build.instance(series, missing.slot, missing),
        build.deleted(series, extra.slot),
        build.instance(series, shifted.slot, later),
    )
    starts = [datetime.fromisoformat(when.slot) for when in (missing, extra, shifted)]
    return Contradiction(uid=series["uid"], missing=starts[0], extra=starts[1], shifted=starts[2])
