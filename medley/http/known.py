"""A parameter that a route does not know is a mistake, and not passed over: a misspelt filter would filter nothing."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute

from medley.http.errors import is_qdrants
from schemas import UnknownNameError


def only_known_parameters(request: Request) -> None:
    """Refuse other parameters in the address than those that the description of the API has for the route.

    Qdrant's paths take what Qdrant's clients send along, of which not all means something here.

    Raises:
        UnknownNameError: there is one.
    """
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute) or is_qdrants(request.url.path):
        return
    described = request.app.openapi()["paths"].get(route.path_format, {}).get(request.method.lower())
    if described is None:
        return
    known = [one["name"] for one in described.get("parameters", ()) if one["in"] == "query"]
    for name in request.query_params:
        if name not in known:
            raise UnknownNameError("parameter", name, known)
