"""The environment of a diverted program: what makes its language's HTTP clients take the endpoint for Amazon."""

import json
from collections.abc import Iterable, Mapping
from os import pathsep
from pathlib import Path

from tradepost.doors.diversion.hosts import HOSTS, HTTPS, Endpoint
from tradepost.doors.diversion.listening import LOOPBACK
from tradepost.doors.diversion.proxy import Ports
from tradepost.doors.diversion.trust import FILE_VARIABLES, PASSWORD, Trust

REDIRECT = Path(__file__).with_name("redirect.cjs")
PYTHON = Path(__file__).with_name("python")  # not a package: all that it has is Python's own sitecustomize
LOCAL = (LOOPBACK, "localhost", "::1")


def environment(before: Mapping[str, str], endpoint: Endpoint, ports: Ports, trust: Trust) -> dict[str, str]:
    """The environment as it was, with the diversion in it."""
    proxy = f"http://{f'{ports.login}@' if ports.login else ''}{LOOPBACK}:{ports.proxy}"
    without = ",".join(_without_proxy(before, endpoint))
    return {
        **before,
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), without),
        **dict.fromkeys(FILE_VARIABLES, str(trust.bundle)),
        "JAVA_TOOL_OPTIONS": _also(before, "JAVA_TOOL_OPTIONS", *_java(ports, trust)),
        "NODE_OPTIONS": _also(before, "NODE_OPTIONS", f"--require {_quoted(str(REDIRECT))}"),
        "PHP_INI_SCAN_DIR": f"{before.get('PHP_INI_SCAN_DIR', '')}:{_php(trust)}",
        "PYTHONPATH": pathsep.join(filter(None, [str(PYTHON), before.get("PYTHONPATH")])),
        "TRADEPOST_DIVERSION": json.dumps({**_node(endpoint, ports), "hosts": HOSTS, "authority": trust.authority}),
    }


def _without_proxy(before: Mapping[str, str], endpoint: Endpoint) -> Iterable[str]:
    """Who is called without a proxy: this machine, the endpoint (documents lie there), and whoever was before, unless
    Amazon's hosts are among them."""
    named = (before.get("no_proxy") or before.get("NO_PROXY") or "").split(",")
    kept = [name.strip() for name in named if not any(host.endswith(name.strip().lstrip("*.")) for host in HOSTS)]
    return dict.fromkeys((*kept, *LOCAL, endpoint.host))


def _java(ports: Ports, trust: Trust) -> tuple[str, ...]:
    """No property gives Java's own clients a password for a proxy. Without it they reach the diverted hosts."""
    return (
        f"-Dhttps.proxyHost={LOOPBACK}",
        f"-Dhttps.proxyPort={ports.proxy}",
        f"-Djavax.net.ssl.trustStore={_quoted(str(trust.java_store))}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
        f"-Djavax.net.ssl.trustStorePassword={PASSWORD}",
    )


def _php(trust: Trust) -> Path:
    """A folder with one more php.ini: PHP's clients heed HTTPS_PROXY, but look nowhere else for whom to trust."""
    folder = trust.bundle.parent / "php"
    folder.mkdir()
    lines = (f'{name} = "{trust.bundle}"\n' for name in ("openssl.cafile", "curl.cainfo"))
    (folder / "tradepost.ini").write_text("".join(lines))
    return folder


def _node(endpoint: Endpoint, ports: Ports) -> Mapping[str, object]:
    """What redirect.cjs reads. Some clients (npm's amazon-sp-api) go to port 443 for every document, whatever its
    address says: what they mean there is the endpoint."""
    places = [*(f"{host}:{HTTPS}" for host in HOSTS), *(f"{host}:{HTTPS}" for host in {endpoint.host, *LOCAL})]
    return {"port": ports.tls, "places": places}


def _also(before: Mapping[str, str], name: str, *options: str) -> str:
    return " ".join((*filter(None, [before.get(name)]), *options))


def _quoted(path: str) -> str:
    """As one word of Node's or Java's options."""
    return json.dumps(path, ensure_ascii=False)
