"""The sandbox's Connect: networks, groups, "upcoming" events, and their update.

Quirks it keeps: refusals with status 200, events long past among the upcoming ones, an event of two
groups in the answer of each, and a filter by the epochs even where an all-day event's are of
another zone.
"""

from typing import NoReturn

from flask import Blueprint, Response, abort, request

from bridge.sandbox import connect_update
from bridge.sandbox.oauth import Tokens
from bridge.sandbox.responses import connect_error, listing, reply
from bridge.sandbox.state import Data, Group, Json, Network

_REFUSALS = {"missing": "TICKET", "dead": "OAUTHTOKEN", "scope": "OAUTHSCOPE"}


def blueprint(data: Data, tokens: Tokens) -> Blueprint:
    """Serve the networks of ``data``."""
    api = Blueprint("connect", __name__)

    @api.before_request
    def check() -> Response | None:
        verdict = tokens.verdict()
        if verdict == "good":
            return None
        return connect_error(_action(), f"INVALID_{_REFUSALS[verdict]}", 401)

    @api.get("/allScopes")
    def networks() -> Response:
        infos = [network.info for network in data.networks.values()]
        return listing(infos, "connect", "allScopes")

    @api.get("/allGroups")
    @api.get("/userGroups")
    def groups() -> Response:
        network = requested_network(data)
        if _action() == "userGroups" and "isRecentSort" not in request.args:
            refuse("isRecentSort is missing")
        return listing([group.info for group in network.groups.values()], "connect", _action())

    @api.get("/upcomingEvents")
    def events() -> Response:
        shown: dict[tuple[str, str], Json] = {}
        for group in _groups(requested_network(data)):
            for event in group.events.all():
                shown.setdefault((event["streamId"], event["startTime"]), event)
        after, before = _epoch("startTime", 0), _epoch("endTime", 10**15)
        rows = [
            event
            for event in shown.values()
            if int(event["endTime"]) >= after and int(event["startTime"]) <= before
        ]
        if request.args.get("sharedWithMe") == "true":
            rows = [event for event in rows if event.get("invitedUserList")]
        rows.sort(key=lambda event: int(event["startTime"]))
        return listing(rows, "connect", "upcomingEvents")

    @api.post("/updateEvent")
    def update() -> Response:
        network = requested_network(data)
        stream = request.values.get("streamId", "")
        holders = [group for group in network.groups.values() if group.events.find(stream)]
        if not holders:
            refuse_parameter("streamId")
        event = holders[0].events.find(stream)[0]
        try:
            fields, gone = connect_update.update_fields(event, request.values, network.zone)
        except ValueError as error:
            refuse(str(error))
        for group in holders:
            group.events.change(stream, drop=gone, **fields)
        return reply(connect_update.answer(holders[0].events.find(stream)[0], holders[0].info))

    return api


def requested_network(data: Data) -> Network:
    """Return the network of the request, or refuse it."""
    return data.networks.get(request.values.get("scopeID", "")) or refuse_parameter("scopeID")


def refuse(reason: str) -> NoReturn:
    """End the request with a refusal in Connect's form."""
    abort(connect_error(_action(), reason))


def refuse_parameter(name: str) -> NoReturn:
    """End the request with the refusal of a parameter."""
    refuse(f"Invalid {name}" if name in request.values else f"{name} is missing")


def _action() -> str:
    return request.path.rpartition("/")[2]


def _groups(network: Network) -> list[Group]:
    """Return the groups of the request."""
    lists = (request.args.get(key, "").split(",") for key in ("selectedPartIds", "partitionId"))
    ids = [part for parts in lists for part in parts if part]
    if not ids and "partitionUrl" in request.args:
        kinds = {"GROUP": network.groups, "DEFAULT": network.walls}
        partitions = kinds.get(request.args.get("partitionType", ""), {}).values()
        named = [p for p in partitions if p.info["partitionUrl"] == request.args["partitionUrl"]]
        return named or refuse_parameter("partitionUrl")
    if not ids:
        refuse("selectedPartIds or partitionId is missing")
    if unknown := [key for key in ids if key not in network.groups]:
        refuse(f"Invalid partitionId {unknown[0]}")
    return [network.groups[key] for key in ids]


def _epoch(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    return int(text) if text.isdecimal() else refuse(f"{name} is not a number of milliseconds")
