"""The OpenAPI document is valid, complete and true."""

import json
import re
from http import HTTPStatus

import pytest

PATHS = [
    "/v1/sites",
    "/v1/sites/{site_id}",
    "/v1/bays",
    "/v1/bays.geojson",
    "/v1/benches",
    "/v1/benches.geojson",
    "/v1/areas",
    "/v1/events",
    "/healthz",
    "/readyz",
]
EXAMPLES = [path.replace("{site_id}", "mill-yard") for path in PATHS if path != "/v1/events"]


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def operations(document):
    return [(path, method, one) for path, item in document["paths"].items() for method, one in item.items()]


def faults(value, schema, document, where="$"):
    """What in this value the schema does not allow; knows the words that our schemas use, and no others."""
    unknown = set(schema) - {
        "$ref", "anyOf", "allOf", "type", "enum", "const", "properties", "required", "items", "prefixItems",
        "additionalProperties", "propertyNames", "minimum", "maximum", "minItems", "maxItems", "format",
        "title", "description", "examples", "default",
    }  # fmt: skip
    assert not unknown, f"teach this test {unknown}"
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].removeprefix("#/components/schemas/")]
        return faults(value, schema, document, where)
    if "anyOf" in schema:
        each = [faults(value, one, document, where) for one in schema["anyOf"]]
        return [] if [] in each else each[0]
    return [*_of_value(value, schema, where), *_of_children(value, schema, document, where)]


TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def _of_value(value, schema, where):
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        yield f"{where} is no {schema['type']}: {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is none of {schema['enum']}: {value!r}"
    if "const" in schema and value != schema["const"]:
        yield f"{where} is not {schema['const']}: {value!r}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{where} is below {schema['minimum']}: {value!r}"
    if "maximum" in schema and value > schema["maximum"]:
        yield f"{where} is above {schema['maximum']}: {value!r}"
    if schema.get("format") == "date-time" and not re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}\.\d{3}Z", value):
        yield f"{where} is no moment in UTC: {value!r}"


def _of_children(value, schema, document, where):
    if isinstance(value, dict):
        known = schema.get("properties", {})
        yield from (f"{where}.{key} is missing" for key in schema.get("required", []) if key not in value)
        for key, one in value.items():
            inner = known.get(key, schema.get("additionalProperties"))
            if inner is None:
                yield f"{where}.{key} is not documented"
            else:
                yield from faults(one, inner, document, f"{where}.{key}")
    if isinstance(value, list):
        inner = schema.get("prefixItems", [schema.get("items", {})] * len(value))
        for number, (one, its_schema) in enumerate(zip(value, inner, strict=True)):
            yield from faults(one, its_schema, document, f"{where}[{number}]")


def test_it_has_the_structure_of_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    assert set(document["info"]) >= {"title", "version", "description", "license"}
    assert set(document) <= {"openapi", "info", "paths", "components", "tags", "servers"}
    for path, method, operation in operations(document):
        assert method == "get"
        assert operation["summary"]
        assert operation["tags"]
        in_path = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path))
        for parameter in operation.get("parameters", []):
            assert parameter["schema"]
            assert parameter["in"] in {"path", "query"}
            assert parameter["required"] is (parameter["in"] == "path")
        for status, response in operation["responses"].items():
            assert status == "4XX" or HTTPStatus(int(status))
            assert response["description"]
    ids = [operation["operationId"] for _path, _method, operation in operations(document)]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere(document):
    wanted = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document)))

    assert len(re.findall(r'"\$ref"', json.dumps(document))) == len(
        re.findall(r'"\$ref": "#/components/schemas/\w+"', json.dumps(document))
    )
    assert wanted == set(document["components"]["schemas"])


def test_it_describes_what_is_public_and_nothing_else(document):
    assert list(document["paths"]) == PATHS


def test_the_whole_platform_shows_no_private_path(tmp_path, monkeypatch):
    from smartplace.settings import Settings
    from smartplace.web import openapi_document

    monkeypatch.chdir(tmp_path)
    paths = openapi_document(Settings())["paths"]

    assert set(paths) > set(PATHS)
    # `/api` is where screens of one maker ask.
    assert all(path.startswith(("/v1/", "/api/")) or path in {"/healthz", "/readyz"} for path in paths)


def test_every_answer_and_problem_is_documented(document):
    for _path, _method, operation in operations(document):
        for content in operation["responses"]["200"]["content"].values():
            assert content["schema"] != {}
        assert list(operation["responses"]["4XX"]["content"]) == ["application/problem+json"]
        # What FastAPI would say of validation is not what we answer.
        assert "422" not in operation["responses"]


def test_every_description_says_something(document):
    for name, schema in document["components"]["schemas"].items():
        if schema.get("type") == "object":
            assert schema["description"], name


@pytest.mark.parametrize("path", EXAMPLES)
def test_every_answer_is_as_documented(client, document, path):
    template = path.replace("mill-yard", "{site_id}")
    answer = client.get(path)
    documented = document["paths"][template]["get"]["responses"]["200"]["content"]

    schema = documented[answer.headers["content-type"]]["schema"]
    assert faults(answer.json(), schema, document) == []


@pytest.mark.parametrize("path", ["/v1/bays", "/v1/benches"])
def test_geojson_by_media_type_is_as_documented(client, document, path):
    answer = client.get(path, headers={"Accept": "application/geo+json"})
    documented = document["paths"][path]["get"]["responses"]["200"]["content"]

    assert faults(answer.json(), documented["application/geo+json"]["schema"], document) == []


@pytest.mark.parametrize("path", ["/v1/sites/atlantis", "/v1/bays?limit=0&state=empty"])
def test_every_problem_is_as_documented(client, document, path):
    answer = client.get(path)
    content = document["paths"]["/v1/bays"]["get"]["responses"]["4XX"]["content"]

    assert faults(answer.json(), content[answer.headers["content-type"]]["schema"], document) == []


def test_a_filter_in_the_document_is_a_filter_of_the_route(client, document):
    named = {one["name"] for one in document["paths"]["/v1/bays"]["get"]["parameters"]}

    assert named == {"site", "state", "bbox", "limit", "cursor", "category"}
    for name, value in {
        "site": "mill-yard",
        "state": "free",
        "bbox": "0,51,1,52",
        "limit": "3",
        "category": "ev",
    }.items():
        assert client.get(f"/v1/bays?{name}={value}").status_code == 200
