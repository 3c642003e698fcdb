"""The sandbox's Connect: networks, groups, "upcoming" events, and their update.

Quirks it keeps: refusals with status 200, events long past among the upcoming ones, an event of two
groups in the answer of each, and a filter by the epochs even where an all-day event's are of
another zone.
"""

from typing import NoReturn

from flask import Blueprint, Response, abort, request

from bridge.sandbox.connect_update import answer, update_fields
from bridge.sandbox.oauth import Tokens
from bridge.sandbox.responses import connect_error, reply
from bridge.sandbox.state import Data, Group, Json, Network

_SCOPES = {
    "networks": "zohopulse.networklist.READ",
    "groups": "zohopulse.userDetail.READ",
    "events": "zohopulse.events.READ",
    "update": "zohopulse.events.UPDATE",
}
_REFUSALS = {"missing": "TICKET", "dead": "OAUTHTOKEN", "scope": "OAUTHSCOPE"}


def blueprint(data: Data, tokens: Tokens) -> Blueprint:
    """Serve the networks of ``data``."""
    api = Blueprint("connect", __name__)

    def network_of_request() -> Network:
        network = data.networks.get(request.values.get("scopeID", ""))
        return network or _refuse_parameter("scopeID")

    @api.before_request
    def check() -> Response | None:
        scope = _SCOPES[(request.endpoint or "").rpartition(".")[2]]
        verdict = tokens.verdict(scope)
        if verdict == "good":
            return None
        return connect_error(_action(), f"INVALID_{_REFUSALS[verdict]}", 401)

    @api.get("/allScopes")
    def networks() -> Response:
        return reply(
            {"allScopes": {"scopes": [network.info for network in data.networks.values()]}}
        )

    @api.get("/allGroups")
    @api.get("/userGroups")
    def groups() -> Response:
        network = network_of_request()
        if _action() == "userGroups" and "isRecentSort" not in request.args:
            _refuse("isRecentSort is missing")
        return reply({_action(): {"groups": [group.info for group in network.groups.values()]}})

    @api.get("/upcomingEvents")
    def events() -> Response:
        shown: dict[tuple[str, str], Json] = {}
        for group in _groups(network_of_request()):
            for event in group.events.all():
                shown.setdefault((event["streamId"], event["startTime"]), event)
        after, before = _epoch("startTime", 0), _epoch("endTime", 10**15)
        rows = [
            event
            for event in shown.values()
            if int(event["endTime"]) >= after and int(event["startTime"]) <= before
        ]
        rows.sort(key=lambda event: int(event["startTime"]))
        return reply({"upcomingEvents": {"events": rows}})

    @api.post("/updateEvent")
    def update() -> Response:
        network = network_of_request()
        stream = request.values.get("streamId", "")
        holders = [group for group in network.groups.values() if group.events.find(stream)]
        if not holders:
            _refuse_parameter("streamId")
        event = holders[0].events.find(stream)[0]
        try:
            fields, gone = update_fields(event, request.values, network.zone)
        except ValueError as error:
            _refuse(str(error))
        for group in holders:
            group.events.change(stream, drop=gone, **fields)
        return reply(answer(holders[0].events.find(stream)[0], holders[0].info))

    return api


def _action() -> str:
    return request.path.rpartition("/")[2]


def _refuse(reason: str) -> NoReturn:
    abort(connect_error(_action(), reason))


def _refuse_parameter(name: str) -> NoReturn:
    _refuse(f"Invalid {name}" if name in request.values else f"{name} is missing")


def _groups(network: Network) -> list[Group]:
    """Return the groups of the request."""
    lists = (request.args.get(key, "").split(",") for key in ("selectedPartIds", "partitionId"))
    ids = [part for parts in lists for part in parts if part]
    if not ids:
        _refuse("selectedPartIds or partitionId is missing")
    if unknown := [key for key in ids if key not in network.groups]:
        _refuse(f"Invalid partitionId {unknown[0]}")
    return [network.groups[key] for key in ids]


def _epoch(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    return int(text) if text.isdecimal() else _refuse(f"{name} is not a number of milliseconds")
