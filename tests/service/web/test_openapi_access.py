from pathlib import Path

import pytest

from service.settings import Settings
from service.web.openapi import describe

OPEN = ("/", "/graphs", "/surfaces", "/docs", "/healthz", "/readyz", "/openapi.json")


@pytest.mark.parametrize("keys", [None, Path("/etc/itten/keys")])
def test_each_call_says_what_it_takes(keys: Path | None):
    document = describe(Settings(api_keys_file=keys))
    assert set(document["components"]["securitySchemes"]) == {"key", "ticket"}
    for path, calls in document["paths"].items():
        for method in set(calls) & {"get", "put", "post", "delete"}:
            call = calls[method]
            if path in OPEN:
                assert "security" not in call
                continue
            assert {"401", "403", "429", "503"} <= set(call["responses"])
            assert ({} in call["security"]) == (keys is None)
            assert {"key": []} in call["security"]
            reads = method == "get" and path != "/metrics"
            assert ({"ticket": []} in call["security"]) == reads


def test_what_a_call_says_of_its_own_is_kept():
    calls = describe(Settings())["paths"]
    assert "409" in calls["/jobs/{id}"]["put"]["responses"]
    assert set(calls["/tickets"]["post"]["responses"]) == {"201", "401", "403", "429", "503"}
