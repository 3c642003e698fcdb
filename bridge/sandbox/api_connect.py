"""The sandbox's Connect: networks, groups, "upcoming" events, and the update of one (Zoho Connect: events).

Traps it keeps: refusals with status 200, events long past among the upcoming ones, an event of two groups in the
answer of each, and a filter that looks at the epochs even where an all-day event's are of another zone.
"""

from flask import Blueprint, Response, request

from bridge.sandbox.answers import connect_error, reply
from bridge.sandbox.connect_update import RefusedError, answer, changed
from bridge.sandbox.oauth import Tokens
from bridge.sandbox.state import Data, Group, Json, Network

_SCOPES = {
    "networks": "zohopulse.networklist.READ",
    "groups": "zohopulse.userDetail.READ",
    "events": "zohopulse.events.READ",
    "update": "zohopulse.events.UPDATE",
}
_REFUSALS = {
    "missing": "INVALID_TICKET",
    "dead": "INVALID_OAUTHTOKEN",
    "scope": "INVALID_OAUTHSCOPE",
}


def blueprint(data: Data, tokens: Tokens) -> Blueprint:
    """Serve the networks of ``data``."""
    api = Blueprint("connect", __name__)

    @api.before_request
    def check() -> Response | None:
        scope = _SCOPES[(request.endpoint or "").rpartition(".")[2]]
        header = request.headers.get("Authorization", "")
        verdict = tokens.verdict(header, scope=scope, schemes=("Zoho-oauthtoken",))
        return None if verdict == "good" else connect_error(_action(), _REFUSALS[verdict], 401)

    @api.errorhandler(RefusedError)
    def refused(error: RefusedError) -> Response:
        return connect_error(_action(), str(error))

    @api.get("/allScopes")
    def networks() -> Response:
        return reply(
            {"allScopes": {"scopes": [network.info for network in list(data.networks.values())]}}
        )

    @api.get("/allGroups")
    @api.get("/userGroups")
    def groups() -> Response:
        network = _network(data)
        if _action() == "userGroups" and "isRecentSort" not in request.args:
            raise RefusedError("isRecentSort is missing")
        return reply(
            {_action(): {"groups": [group.info for group in list(network.groups.values())]}}
        )

    @api.get("/upcomingEvents")
    def events() -> Response:
        found: dict[tuple[str, str], Json] = {}
        for group in _groups(_network(data)):
            for event in group.events.all():
                found.setdefault((event["streamId"], event["startTime"]), event)
        after, before = _epoch("startTime"), _epoch("endTime")
        chosen = [
            event
            for event in found.values()
            if (after is None or int(event["endTime"]) >= after)
            and (before is None or int(event["startTime"]) <= before)
        ]
        if request.args.get("sharedWithMe") == "true":
            chosen = [event for event in chosen if "invitedUserList" in event]
        return reply(
            {
                "upcomingEvents": {
                    "events": sorted(chosen, key=lambda event: int(event["startTime"]))
                }
            }
        )

    @api.post("/updateEvent")
    def update() -> Response:
        network = _network(data)
        holders = [
            group
            for group in network.groups.values()
            if group.events.find(request.values.get("streamId", ""))
        ]
        if not holders:
            raise RefusedError(
                "Invalid streamId" if "streamId" in request.values else "streamId is missing"
            )
        stream = request.values["streamId"]
        fields, gone = changed(holders[0].events.find(stream)[0], request.values, network.zone)
        for group in holders:
            group.events.change(stream, drop=gone, **fields)
        return reply(answer(holders[0].events.find(stream)[0], holders[0].info))

    return api


def _action() -> str:
    return request.path.rpartition("/")[2]


def _network(data: Data) -> Network:
    network = data.networks.get(request.values.get("scopeID", ""))
    if network is None:
        raise RefusedError(
            "Invalid scopeID" if "scopeID" in request.values else "scopeID is missing"
        )
    return network


def _groups(network: Network) -> list[Group]:
    """Give the groups asked for in one of the three documented ways; DEFAULT is the user's own wall, empty here."""
    args = request.args
    ids = [
        part
        for key in ("selectedPartIds", "partitionId")
        for part in args.get(key, "").split(",")
        if part
    ]
    if not ids:
        match args.get("partitionType"), args.get("partitionUrl"):
            case "GROUP", str(slug):
                ids = [
                    key for key, group in network.groups.items() if group.info["url"] == slug
                ] or [slug]
            case "DEFAULT", str():
                return []
            case _:
                raise RefusedError("selectedPartIds or partitionId is missing")
    if unknown := [key for key in ids if key not in network.groups]:
        raise RefusedError(f"Invalid partitionId {unknown[0]}")
    return [network.groups[key] for key in ids]


def _epoch(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise RefusedError(f"{name} is not a number of milliseconds")
    return int(text)
