"""The page of `/docs`: the API's description as HTML, for people, without a script."""

from collections.abc import Iterator
from typing import NamedTuple

from markupsafe import Markup

from service.problems import MEDIA_TYPE
from service.web.docs_schemas import fields_of, kind_of
from service.web.docs_text import code, joined, table, tag, told
from service.web.openapi_answers import Json

_REF = "#/components/schemas/"
_PAGE = Markup("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}: the API</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/style/colours.css">
<link rel="stylesheet" href="/static/style/docs.css">
</head>
<body>
<header>
<p><a href="/">{title}</a> {version}</p>
<h1>The API</h1>
<p>{about}</p>
<p>The examples run as they are, in this order, beside a file <code>photo.png</code>. The same for
programs: <a href="/openapi.json">/openapi.json</a>.</p>
</header>
<nav aria-label="Contents">{contents}</nav>
<main>
{chapters}
{access}
{problems}
{schemas}
</main>
</body>
</html>
""")


class _Call(NamedTuple):
    """An operation, and where it is."""

    method: str
    path: str
    parameters: list[Json]
    about: Json

    @property
    def id(self) -> str:
        """Its anchor on the page."""
        parts = self.path.replace("{", "").replace("}", "").strip("/").replace("/", "-")
        return f"{self.method}-{parts or 'page'}"

    @property
    def title(self) -> str:
        """As it is written in a request."""
        return f"{self.method.upper()} {self.path}"


def render(description: Json) -> str:
    """The page of this description, which is a document of OpenAPI 3.1."""
    calls, schemas = list(_calls(description)), description["components"]["schemas"]
    chapters = {each["name"]: each["description"] for each in description["tags"]}
    grouped = {name: [c for c in calls if c.about["tags"] == [name]] for name in chapters}
    page = _PAGE.format(
        title=description["info"]["title"],
        version=description["info"]["version"],
        about=told(description["info"]["description"]),
        contents=_contents(grouped, schemas),
        chapters=joined(
            tag("section", tag("h2", name), tag("p", chapters[name]), *map(_call, group))
            for name, group in grouped.items()
        ),
        access=_access(description["components"]["securitySchemes"]),
        problems=_problems(schemas["Problem"]),
        schemas=_schemas(schemas),
    )
    return str(page)


def _calls(description: Json) -> Iterator[_Call]:
    for path, item in description["paths"].items():
        for method, about in item.items():
            if method != "parameters":
                parameters = item.get("parameters", []) + about.get("parameters", [])
                yield _Call(method, path, parameters, about)


def _contents(grouped: dict[str, list[_Call]], schemas: Json) -> Markup:
    lists = [
        (name, [tag("a", each.title, href=f"#{each.id}") for each in group])
        for name, group in grouped.items()
    ]
    more = [tag("a", name, href=f"#{name.lower()}") for name in ("Access", "Problems")]
    lists.append(("Reference", more + [tag("a", name, href=f"#{name}") for name in schemas]))
    return joined(
        tag("div", tag("p", name), tag("ul", *(tag("li", link) for link in links)))
        for name, links in lists
    )


def _call(call: _Call) -> Markup:
    about = call.about
    parts = [
        tag("h3", code(call.title), id=call.id),
        tag("p", tag("strong", f"{about['summary']}."), " ", told(about.get("description", ""))),
        *(tag("pre", code(each["source"]), tabindex="0") for each in about["x-codeSamples"]),
    ]
    if call.parameters:
        parts += [tag("h4", "Parameters"), _parameters(call.parameters)]
    if "requestBody" in about:
        parts += [tag("h4", "Body"), *_body(about["requestBody"])]
    return tag("article", *parts, tag("h4", "Answers"), _answers(about["responses"]))


def _parameters(parameters: list[Json]) -> Markup:
    """Those of the path, the query and the header."""
    described = {
        each["name"]: each["schema"]
        | {"description": f"In the {each['in']}. {each.get('description', '')}"}
        for each in parameters
    }
    required = [each["name"] for each in parameters if each.get("required")]
    return fields_of({"properties": described, "required": required})


def _body(body: Json) -> Iterator[Markup]:
    """The ways to send it, and the fields of a form."""
    content = body["content"]
    yield tag("p", "As ", joined((_medium(*each) for each in content.items()), ", "), ".")
    schemas = [each.get("schema", {}) for each in content.values()]
    form = next((each for each in schemas if "properties" in each), None)
    if form is None:
        return
    # A field of a spec is told once, with the spec.
    fields = form["properties"].items()
    own = {name: each for name, each in fields if f"/{name}" not in each.get("$ref", "")}
    yield fields_of({"properties": own, "required": form.get("required", [])})
    if "description" in form:
        yield tag("p", told(form["description"]))


def _answers(responses: Json) -> Markup:
    rows = (
        tag(
            "tr", tag("th", status, scope="row"), tag("td", told(each["description"])), _media(each)
        )
        for status, each in responses.items()
    )
    return table(("Status", "When", "What comes"), rows)


def _media(response: Json) -> Markup:
    content = response.get("content", {})
    if MEDIA_TYPE in content:
        return tag("td", tag("a", "a problem", href="#problems"))
    return tag("td", joined((_medium(*each) for each in content.items()), ", "))


def _medium(media: str, content: Json) -> Markup:
    schema = content.get("schema", {})
    named = "$ref" in schema
    return Markup("{} ({})").format(code(media), kind_of(schema)) if named else code(media)


def _access(schemes: Json) -> Markup:
    rows = [
        Markup("<dt>{}</dt><dd>{}</dd>").format(name, told(each["description"]))
        for name, each in schemes.items()
    ]
    example = 'curl -H "Authorization: Bearer $ITTEN_KEY" localhost:8000/jobs'
    return tag(
        "section",
        tag("h2", "Access", id="access"),
        tag("dl", *rows),
        tag("pre", code(example), tabindex="0"),
    )


def _problems(schema: Json) -> Markup:
    rows = (
        tag(
            "tr",
            tag("th", str(each["x-status"]), scope="row"),
            tag("td", code(each["const"]), id=each["const"].rpartition("/")[2]),
            tag("td", each["title"]),
            tag("td", told(each["description"])),
        )
        for each in schema["properties"]["type"]["oneOf"]
    )
    return tag(
        "section",
        tag("h2", "Problems", id="problems"),
        tag(
            "p",
            Markup("What is refused is answered as {}, whose detail says what to change.").format(
                code(MEDIA_TYPE)
            ),
        ),
        table(("Status", "Type", "Title", "Meaning"), rows),
    )


def _schemas(schemas: Json) -> Markup:
    return tag(
        "section",
        tag("h2", "Documents"),
        *(
            tag(
                "article",
                tag("h3", code(name), id=name),
                tag("p", told(schema.get("description", ""))),
                fields_of(schema),
            )
            for name, schema in schemas.items()
        ),
    )
