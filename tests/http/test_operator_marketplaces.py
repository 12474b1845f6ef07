"""The operator's marketplaces, sellers and buyers."""

from dataclasses import fields
from typing import Any

from tests.http.conftest import Api
from tests.scene import BEA, BOB, MARKET, PRO, SOLO, Scene
from tradepost.access.keys import Scope
from tradepost.doors.operator_api.marketplaces import PolicyFields
from tradepost.policy import Policy

JAPAN = {"marketplace_id": "JP", "name": "日本", "country": "JP", "currency": "JPY", "locale": "ja"}
NORA = {"seller_id": "nora", "marketplace_id": MARKET, "name": "Nora's", "email": "nora@example.com"}


async def test_a_marketplace_opens_with_a_policy_and_is_found_again(api: Api) -> None:
    opened = await api.operator(
        "POST",
        "/operator/marketplaces",
        JAPAN | {"policy": {"zone": "Asia/Tokyo", "hold": 60, "holidays": ["2026-01-01"]}},
    )
    assert opened.status_code == 201, opened.text
    said = opened.json()
    assert said["policy_version"] == 1
    assert said["policy"] == {
        "zone": "Asia/Tokyo", "hold": 60.0, "verification_limit": 21 * 86400.0, "confirm_days": 30, "remind_days": 7,
        "unverified_units": None, "individual_reports": True,
        "payment_retries": [300.0, 3600.0, 21600.0, 86400.0, 259200.0], "holidays": ["2026-01-01"],
    }  # fmt: skip
    assert (await api.operator("GET", "/operator/marketplaces/JP")).json() == said
    listed = (await api.operator("GET", "/operator/marketplaces")).json()["items"]
    assert [one["marketplace_id"] for one in listed] == ["JP", MARKET]


async def test_a_new_version_of_the_policy_rules_new_orders(api: Api, scene: Scene) -> None:
    before = await scene.place()
    changed = await api.operator(
        "PATCH", f"/operator/marketplaces/{MARKET}/policy", {"hold": 600, "unverified_units": 9}
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["policy_version"], changed.json()["policy"]["hold"]) == (2, 600)
    assert changed.json()["policy"]["confirm_days"] == 30
    after = await scene.place()
    assert [(await scene.order(key)).policy_version for key in (before, after)] == [1, 2]


async def test_a_policy_is_changed_once_under_one_idempotency_key(api: Api) -> None:
    for _ in range(2):
        changed = await api.operator("PATCH", f"/operator/marketplaces/{MARKET}/policy", {"hold": 60}, once="policy")
        assert (changed.status_code, changed.json()["policy_version"]) == (200, 2)


def test_the_policy_of_the_api_has_every_field_of_the_policy() -> None:
    assert PolicyFields.__struct_fields__ == tuple(field.name for field in fields(Policy))


BAD_POLICIES: list[tuple[dict[str, Any], str, str]] = [
    ({"hold": 22 * 86400}, "policy", "hold must be"),
    ({"zone": "Mars/Olympus"}, "policy", "Mars/Olympus"),
    ({"remind_days": 31}, "policy", "remind_days"),
    ({"payment_retries": [1]}, "policy", "payment_retries"),
    ({"payment_retries": []}, "payment_retries", "length"),
    ({"hold": -1}, "hold", ">= 0"),
    ({"hold": "PT1H"}, "hold", "expected `float`"),
    ({"confirm_days": 1e9}, "confirm_days", "int"),
    ({"unverified_units": 0}, "unverified_units", ">= 1"),
    ({"holidays": ["2026-02-30"]}, "holidays[0]", "date"),
    ({"patience": 1}, "body", "patience"),
]


async def test_a_policy_that_cannot_be_is_refused_by_its_field(api: Api) -> None:
    for policy, field, word in BAD_POLICIES:
        answer = await api.operator("PATCH", f"/operator/marketplaces/{MARKET}/policy", policy)
        said = answer.json()
        assert (answer.status_code, said["reason"], said["field"]) == (422, "invalid_value", field), said
        assert word in said["detail"]
    assert (await api.operator("GET", f"/operator/marketplaces/{MARKET}")).json()["policy_version"] == 1


async def test_what_is_open_is_not_opened_again_and_what_is_not_there_is_not_found(api: Api) -> None:
    again = await api.operator("POST", "/operator/marketplaces", JAPAN | {"marketplace_id": MARKET})
    assert (again.status_code, again.json()["reason"]) == (409, "name_taken")
    for way in ("NOWHERE", "%00", "%ED%A0%80"):
        assert (await api.operator("GET", f"/operator/marketplaces/{way}")).status_code == 404
        assert (await api.operator("PATCH", f"/operator/marketplaces/{way}/policy", {"hold": 1})).status_code == 404


async def test_a_seller_opens_sells_and_changes_plan(api: Api, scene: Scene) -> None:
    opened = await api.operator(
        "POST", "/operator/sellers", NORA | {"operating_weekdays": [5], "works_on": ["2026-12-24"]}
    )
    assert opened.status_code == 201, opened.text
    assert opened.json() == {
        "seller_id": "nora", "marketplace_id": MARKET, "name": "Nora's", "email": "nora@example.com", "locale": "en",
        "plan": "individual", "handling_days": 1, "cut_off": "14:00:00", "operating_weekdays": [5],
        "works_on": ["2026-12-24"],
    }  # fmt: skip
    assert await scene.list_offer("nora", "HAT") is None
    changed = await api.operator("PATCH", "/operator/sellers/nora", {"plan": "professional", "email": None})
    assert changed.status_code == 200
    assert changed.json() == opened.json() | {"plan": "professional", "email": None}
    assert (await api.operator("GET", "/operator/sellers/nora")).json() == changed.json()


async def test_a_sellers_days_are_told_as_they_are_kept(api: Api) -> None:
    said = {"operating_weekdays": [6, 0, 0], "works_on": ["2026-12-25", "2026-12-25", "2026-12-24"]}
    kept = {"operating_weekdays": [0, 6], "works_on": ["2026-12-24", "2026-12-25"]}
    opened = await api.operator("POST", "/operator/sellers", NORA | said)
    assert opened.status_code == 201, opened.text
    changed = await api.operator("PATCH", f"/operator/sellers/{NORA['seller_id']}", said)
    found = await api.operator("GET", f"/operator/sellers/{NORA['seller_id']}")
    assert opened.json() == changed.json() == found.json()
    assert found.json() == found.json() | kept


async def test_sellers_and_buyers_come_in_pages_by_their_ids(api: Api) -> None:
    await api.operator("POST", "/operator/marketplaces", JAPAN)
    await api.operator("POST", "/operator/sellers", NORA | {"marketplace_id": "JP"})
    for name, ids in (("sellers", [PRO, "nora", SOLO]), ("buyers", [BEA, BOB])):
        found, after = [], None
        while not found or after:
            page = (
                await api.operator(
                    "GET", f"/operator/{name}", params={"limit": 1} | ({"after": after} if after else {})
                )
            ).json()
            (one,) = page["items"]
            found.append(one[f"{name[:-1]}_id"])
            after = page["next"]
        assert found == ids
    of_japan = await api.operator("GET", "/operator/sellers", params={"marketplace_id": "JP"})
    assert [one["seller_id"] for one in of_japan.json()["items"]] == ["nora"]


async def test_a_buyer_opens_and_changes(api: Api) -> None:
    opened = await api.operator("POST", "/operator/buyers", {"buyer_id": "kim", "name": "Kim"}, once="kim")
    assert (opened.status_code, opened.json()["email"]) == (201, None)
    assert (
        await api.operator("POST", "/operator/buyers", {"buyer_id": "kim", "name": "Kim"}, once="kim")
    ).json() == opened.json()
    changed = await api.operator("PATCH", "/operator/buyers/kim", {"email": "kim@example.com", "locale": "zh_CN"})
    assert changed.json() == {"buyer_id": "kim", "name": "Kim", "email": "kim@example.com", "locale": "zh_CN"}
    assert (await api.operator("GET", "/operator/buyers/kim")).json() == changed.json()
    again = await api.operator("POST", "/operator/buyers", {"buyer_id": "kim", "name": "Kim"})
    assert (again.status_code, again.json()["reason"]) == (409, "name_taken")


BAD_ACCOUNTS: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/sellers", NORA | {"marketplace_id": "NOWHERE"}, 404, "NOWHERE"),
    ("POST", "/sellers", NORA | {"seller_id": "no ra"}, 422, "seller_id"),
    ("POST", "/sellers", NORA | {"email": "x"}, 422, "email"),
    ("POST", "/sellers", NORA | {"cut_off": "14:00:00+01:00"}, 422, "cut_off"),
    ("POST", "/sellers", NORA | {"cut_off": "25:00"}, 422, "cut_off"),
    ("POST", "/sellers", NORA | {"handling_days": 10**30}, 422, "handling_days"),
    ("POST", "/sellers", NORA | {"operating_weekdays": [9]}, 422, "operating_weekdays[0]"),
    ("PATCH", f"/sellers/{PRO}", {"seller_id": "mine"}, 422, "seller_id"),
    ("PATCH", f"/sellers/{PRO}", {"plan": None}, 422, "plan"),
    ("PATCH", "/sellers/nobody", {"plan": "individual"}, 404, "nobody"),
    ("PATCH", "/sellers/%00", {"plan": "individual"}, 404, "seller"),
    ("GET", "/sellers/nobody", None, 404, "nobody"),
    ("GET", "/sellers?limit=0", None, 422, "limit"),
    ("GET", "/sellers?after=x", None, 422, "after"),
    ("GET", "/sellers?after=WyJcdTAwMDAiXQ", None, 422, "after"),
    ("GET", "/sellers?marketplace_id=%00", None, 200, "items"),
    ("POST", "/buyers", {"buyer_id": "kim", "name": "x\u0000"}, 422, "name"),
    ("PATCH", "/buyers/nobody", {"name": "N"}, 404, "nobody"),
    ("PATCH", "/buyers/%00", {"name": "N"}, 404, "buyer"),
    ("GET", "/buyers/nobody", None, 404, "nobody"),
]  # fmt: skip


async def test_bad_accounts_get_a_sentence_and_change_nothing(api: Api, scene: Scene) -> None:
    await api.key(Scope.OPERATOR)
    before = await scene.dump()
    for method, path, body, status, told in BAD_ACCOUNTS:
        answer = await api.operator(method, f"/operator{path}", body)
        assert (answer.status_code, told in answer.text) == (status, True), (method, path, body, answer.text)
    assert await scene.dump() == before
