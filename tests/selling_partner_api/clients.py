"""The clients that drive the seller API in tests: Amazon's own and others', as their users would set them up, and one
of ours that holds every response against its model."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from tests.selling_partner_api.model import Models, Seen, Walk
from tradepost.access import applications
from tradepost.ground.database import Database

ResultT = TypeVar("ResultT")

TOKENS = "/tokens/2021-03-01/restrictedDataToken"
NOTIFICATIONS = "sellingpartnerapi::notifications"
BUYER_DATA = ("buyerInfo", "shippingAddress")
NPM_CLIENT = "amazon-sp-api@1.2.1"
NPM_SECONDS = 120
JAVASCRIPT_SECONDS = 180


@dataclass(frozen=True)
class Application:
    """A program that acts for a seller who authorized it."""

    seller_id: str
    client_id: str
    client_secret: str
    refresh_token: str


async def authorized(database: Database, seller_id: str, name: str = "Order Tool") -> Application:
    """A new application that this seller has authorized."""
    async with database.transaction() as tx:
        client_id, client_secret = await applications.register(tx, name)
        refresh_token = await applications.authorize(tx, client_id, seller_id)
    return Application(seller_id, client_id, client_secret, refresh_token)


# A client of ours


class Judgement:
    """Holds responses against their models, and remembers which operations were seen, and what was wrong."""

    def __init__(self, models: Models, walk: Walk) -> None:
        self.complaints: list[str] = []
        self._models = models
        self._walk = walk

    def judge(self, method: str, address: str, seen: Seen) -> None:
        """Look at a response; what the models do not know is none of our business."""
        found = self._models.find(method, address)
        if found is None:
            return
        operation, _ = found
        self._walk.record(operation, seen.status)
        what = f"{operation.name} ({method} {address}) {seen.status}"
        body = seen.body.decode(errors="replace")[:2000]
        self.complaints += [f"{what}: {complaint}\n  {body}" for complaint in operation.complaints(seen)]

    def insist(self) -> None:
        """Fail with all that was wrong so far, each thing once."""
        complaints, self.complaints = self.complaints, []
        assert not complaints, "not as in the model:\n" + "\n".join(complaints)


class ValidatingClient(httpx.AsyncClient):
    """A client that refuses every response that is not as its model says."""

    def __init__(self, judgement: Judgement, **settings: Any) -> None:
        super().__init__(**settings)
        self._judgement = judgement
        self.event_hooks["response"].append(self._hold_against_model)

    async def _hold_against_model(self, response: httpx.Response) -> None:
        seen = Seen(response.status_code, response.headers, await response.aread())
        self._judgement.judge(response.request.method, str(response.request.url), seen)
        self._judgement.insist()


@dataclass(frozen=True)
class Selling:
    """The seller API, as an application asks it for its seller; every response is held against its model.

    The words of a query are given as the models spell them; a list becomes a text with commas, as there.
    """

    client: ValidatingClient
    application: Application
    token: str  # the access token that is sent, restricted or not; empty: none

    async def get(self, path: str, /, **query: Any) -> httpx.Response:
        return await self.ask("GET", path, query=query)

    async def post(self, path: str, /, json: Any = None, **query: Any) -> httpx.Response:
        return await self.ask("POST", path, json, query=query)

    async def put(self, path: str, /, json: Any = None, **query: Any) -> httpx.Response:
        return await self.ask("PUT", path, json, query=query)

    async def patch(self, path: str, /, json: Any = None, **query: Any) -> httpx.Response:
        return await self.ask("PATCH", path, json, query=query)

    async def delete(self, path: str, /, **query: Any) -> httpx.Response:
        return await self.ask("DELETE", path, query=query)

    async def ask(
        self, method: str, path: str, json: Any = None, *, query: Mapping[str, Any] | None = None, **more: Any
    ) -> httpx.Response:
        """Send a request; `more` is httpx's own, such as `content` for a body that is no JSON."""
        headers = {"x-amz-access-token": self.token} if self.token else {}
        content = {} if json is None else {"json": json}
        words = {name: _word(value) for name, value in (query or {}).items()}
        return await self.client.request(
            method, path, params=words or None, headers=headers | more.pop("headers", {}), **content, **more
        )

    async def restricted(
        self, *paths: str, method: str = "GET", elements: Sequence[str] = BUYER_DATA, target: str | None = None
    ) -> "Selling":
        """The same with a restricted token for these paths: "/orders/v0/orders/{orderId}" for all, or one order's."""
        resources = [{"method": method, "path": path, "dataElements": list(elements)} for path in paths]
        body = {"restrictedResources": resources} | ({"targetApplication": target} if target else {})
        answer = await self.post(TOKENS, body)
        assert answer.status_code == 200, answer.text
        return self.with_token(answer.json()["restrictedDataToken"])

    async def itself(self, scope: str = NOTIFICATIONS) -> "Selling":
        """The same with the application's own token, which acts for no seller."""
        answer = await self.client.post(
            "/auth/o2/token",
            data={
                "grant_type": "client_credentials",
                "scope": scope,
                "client_id": self.application.client_id,
                "client_secret": self.application.client_secret,
            },
        )
        assert answer.status_code == 200, answer.text
        return self.with_token(answer.json()["access_token"])

    def with_token(self, token: str) -> "Selling":
        """The same with another access token; empty: without any."""
        return replace(self, token=token)

    async def of(self, application: Application) -> "Selling":
        """The same server, asked by another application or for another seller."""
        return await selling_of(self.client, application)


async def selling_of(client: ValidatingClient, application: Application) -> Selling:
    """The seller API with a fresh access token of this application."""
    return Selling(client, application, (await login(client, application))["access_token"])


async def login(client: httpx.AsyncClient, application: Application) -> dict[str, Any]:
    """Get an access token with the refresh token; the whole answer."""
    answer = await client.post(
        "/auth/o2/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": application.refresh_token,
            "client_id": application.client_id,
            "client_secret": application.client_secret,
        },
    )
    assert answer.status_code == 200, answer.text
    login: dict[str, Any] = answer.json()
    return login


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple | set) else str(value)


# Clients of others


async def blocking(call: Callable[..., ResultT], *arguments: Any, **more: Any) -> ResultT:
    """Call a client that knows no asyncio, without holding up the server beside it."""
    return await asyncio.to_thread(call, *arguments, **more)


def python_amazon_sp_api(url: str, application: Application, marketplace_id: str) -> dict[str, Any]:
    """How python-amazon-sp-api is told where to go: `Orders(**python_amazon_sp_api(...)).get_orders(...)`."""
    from sp_api.auth import AccessTokenClient

    place = urlsplit(url)

    class HereClient(AccessTokenClient):  # type: ignore[misc]
        scheme, host = f"{place.scheme}://", place.netloc

    return {
        "marketplace": SimpleNamespace(endpoint=url, marketplace_id=marketplace_id, region="us-east-1"),
        "auth_token_client_class": HereClient,
        "credentials": {
            "refresh_token": application.refresh_token,
            "lwa_app_id": application.client_id,
            "lwa_client_secret": application.client_secret,
        },
    }


def amazons_sdk(url: str, application: Application, *, scope: str | None = None) -> Any:
    """The client that the APIs of Amazon's own SDK take: `OrdersV0Api(amazons_sdk(...)).get_orders(...)`.

    It logs in at once, and tries for 14 seconds when it is refused: leave refusals to the others.
    """
    # Imported as late as here: it sets up logging for the whole process, unless somebody has.
    from spapi import SPAPIClient, SPAPIConfig

    config = SPAPIConfig(
        client_id=application.client_id,
        client_secret=application.client_secret,
        refresh_token=None if scope else application.refresh_token,
        scope=scope,
        region="NA",
    )
    return SPAPIClient(config, oauth_endpoint=f"{url}/auth/o2/token", endpoint=url).api_client


_SCRIPT = """
const https = require('https'), net = require('net');
const { SellingPartner } = require('amazon-sp-api');
const given = JSON.parse(process.env.GIVEN);
class Here extends https.Agent {
  createConnection(options, callback) { return net.connect(given.port, '127.0.0.1'); }
}
const sp = new SellingPartner({
  region: 'na',
  refresh_token: given.refresh_token,
  credentials: {
    SELLING_PARTNER_APP_CLIENT_ID: given.client_id,
    SELLING_PARTNER_APP_CLIENT_SECRET: given.client_secret,
  },
  options: { https_proxy_agent: new Here() },
});
(async () => { SNIPPET })()
  .then(result => ({ result: result === undefined ? null : result }))
  .catch(error => ({ error: { code: error.code, message: error.message, details: error.details, type: error.type } }))
  .then(said => process.stdout.write(JSON.stringify(said), () => process.exit(0)));
"""


class JavaScriptError(Exception):
    """What a snippet threw: `code`, `message`, `details` and `type`, as amazon-sp-api gives its errors."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(json.dumps(said))
        self.code = said.get("code")
        self.message = said.get("message")
        self.details = said.get("details")


@dataclass(frozen=True)
class JavaScript:
    """npm's amazon-sp-api, installed in a folder."""

    folder: Path

    async def run(self, url: str, application: Application, snippet: str, **more: Any) -> Any:
        """Run a snippet in which `sp` is the client and `given` holds `more`; what it returns, through JSON.

        For example: `return await sp.callAPI({operation: 'orders.getOrders', query: given.query})`
        """
        given = more | vars(application) | {"port": urlsplit(url).port}
        program = await asyncio.create_subprocess_exec(
            "node",
            "-e",
            _SCRIPT.replace("SNIPPET", snippet),
            cwd=self.folder,
            env=os.environ | {"GIVEN": json.dumps(given)},
            stdout=PIPE,
            stderr=PIPE,
        )
        async with asyncio.timeout(JAVASCRIPT_SECONDS):
            out, err = await program.communicate()
        assert program.returncode == 0, err.decode()
        said = json.loads(out)
        if "error" in said:
            raise JavaScriptError(said["error"])
        return said["result"]
