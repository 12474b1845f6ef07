"""The storefront: what buyers do."""

from typing import Any

from litestar import Response, post
from litestar.params import JSONBody

from tradepost.access.keys import Scope
from tradepost.doors.http.routes import Language, MaybeOnce, TheDesk, Who, router, sent
from tradepost.doors.storefront_api import checkouts
from tradepost.doors.storefront_api.addresses import ADDRESSES
from tradepost.doors.storefront_api.carts import CART
from tradepost.doors.storefront_api.checkouts import CheckedOut, Checkout
from tradepost.doors.storefront_api.offers import BROWSING
from tradepost.doors.storefront_api.orders import ORDERS


@post("/checkouts", summary="Check out")
async def check_out(
    who: Who, desk: TheDesk, language: Language, once: MaybeOnce, data: JSONBody[Checkout]
) -> Response[CheckedOut]:
    """Turn a cart into orders, one for each seller, all or nothing. The stock is taken at once."""
    return sent(await checkouts.check_out(desk, who, data, language, once))


BUYERS_ROUTES: list[Any] = [*CART, *ADDRESSES, check_out, *ORDERS]
ROUTERS = [
    router("/api/v1", (Scope.BUYER, Scope.OPERATOR, Scope.CUSTOMER_SERVICE), BROWSING, tag="Storefront"),
    router("/api/v1", (Scope.BUYER,), BUYERS_ROUTES, tag="Storefront"),
]
