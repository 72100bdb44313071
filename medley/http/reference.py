"""The page that tells what can be asked, made from the OpenAPI description; nothing of it is fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from medley.html import template

router = APIRouter()

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


@router.get("/docs", include_in_schema=False)
def reference(request: Request) -> HTMLResponse:
    """For people."""
    described = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(path, method, operation, described))
    info = described["info"]
    html = template("reference.html").render(groups=groups, about=info["description"], version=info["version"])
    return HTMLResponse(html, headers={"Content-Security-Policy": POLICY})


def _operation(path: str, method: str, operation: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
    text = operation.get("description", operation["summary"])
    first, _, more = text.partition("\n")
    fields = {
        parameter["name"]: _field(parameter["schema"], parameter, described, required=parameter["required"])
        for parameter in operation.get("parameters", ())
    }
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(content["schema"], described)
        needed = schema.get("required", ())
        for name, inner in schema.get("properties", {}).items():
            fields[name] = _field(inner, inner, described, required=name in needed)
    return {"path": path, "method": method, "summary": first, "more": more.strip(), "fields": fields}


def _field(
    schema: Mapping[str, Any], about: Mapping[str, Any], described: Mapping[str, Any], *, required: bool
) -> dict[str, Any]:
    default = schema.get("default")
    return {
        "kind": " or ".join(dict.fromkeys(_kinds(schema, described))),
        "text": about.get("description", ""),
        "required": required,
        "default": default if isinstance(default, str | int | float) and default != "" else None,
    }


def _kinds(schema: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[str]:
    """What a value may be, in words; null is what is not given."""
    for one in schema.get("anyOf", [schema]):
        if "$ref" in one:
            inner = _resolved(one, described)
            yield " or ".join(_kinds(inner, described)) if "anyOf" in inner else str(inner.get("title", "object"))
        elif one.get("type") == "array":
            yield f"list of {' or '.join(dict.fromkeys(_kinds(one.get('items', {}), described)))}"
        elif "enum" in one:
            yield " or ".join(map(str, one["enum"]))
        elif one.get("type") != "null":
            yield str(one.get("format") or one.get("type", "anything"))


def _resolved(schema: Mapping[str, Any], described: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
