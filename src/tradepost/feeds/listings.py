"""What feeds do with listings, however they are written: submissions, as a seller makes them one by one (A3, A5)."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tradepost.feeds import records
from tradepost.feeds.kind import Content, Done, Line
from tradepost.feeds.lines import told
from tradepost.ground.database import Transaction
from tradepost.listings import records as offers
from tradepost.listings.items import records as items
from tradepost.listings.items.issues import Issue, Severity
from tradepost.listings.items.submissions import Changes, Deletion, Submission, Submitted, Whole, submit
from tradepost.listings.records import OfferKey
from tradepost.process.shipment.processing_report import INCOMPLETE_OR_INVALID
from tradepost.refusals import Reason, Refusal


class Known(NamedTuple):
    """What is known of the listings of a step, which are locked: those that are there, and how many units of each SKU
    orders have taken since the moment of the quantities."""

    listed: frozenset[str]
    taken: Mapping[str, int]


class Wanted(NamedTuple):
    """A record that can be understood: what to do, once it is known what is there."""

    number: int
    sku: str
    wish: Callable[[Known], Whole | Changes | Deletion]


async def apply(
    tx: Transaction, content: Content, wanted: Sequence[Wanted], fields: Mapping[str, str] = {}, language: str = ""
) -> Done:
    """Submit what the records of a step want; `fields` calls attributes by their columns."""
    language = language or content.language
    keys = [OfferKey(content.seller_id, one.sku) for one in wanted]
    known = await _known(tx, content, keys)
    submissions = [Submission(key, tx.now, one.wish(known)) for key, one in zip(keys, wanted, strict=True)]
    outcomes = await submit(tx, submissions)
    lines = [
        line for one, outcome in zip(wanted, outcomes, strict=True) for line in _lines(one, outcome, fields, language)
    ]
    wrong = {line.record for line in lines if line.type == "Error"}
    return Done(len(wanted), sum(one.number not in wrong for one in wanted), lines)


async def _known(tx: Transaction, content: Content, keys: Sequence[OfferKey]) -> Known:
    """Listings are locked before offers, and then no order takes anything of them any more."""
    found = await items.lock(tx, keys)
    listed = frozenset(key.sku for key, item in found.items() if not item.deleted)
    if content.options.as_of is None:
        return Known(listed, {})
    await offers.lock(tx, keys)
    skus = sorted({key.sku for key in found})
    return Known(listed, await records.taken_since(tx, content.seller_id, skus, content.options.as_of))


def _lines(one: Wanted, outcome: Submitted | Refusal, fields: Mapping[str, str], language: str) -> list[Line]:
    if isinstance(outcome, Refusal):
        about = str(outcome.facts.get("field", "")) if outcome.reason is Reason.INVALID_VALUE else ""
        line = told(one.number, INCOMPLETE_OR_INVALID, about, outcome.sentence(language), language)
        return [line._replace(sku=one.sku)]
    return [_line(one, issue, fields, language) for issue in outcome.issues]


def _line(one: Wanted, issue: Issue, fields: Mapping[str, str], language: str) -> Line:
    about = issue.attribute or ""
    if named := fields.get(about):
        line = told(one.number, int(issue.code), named, issue.refusal.sentence(language), language)
    else:
        line = Line(one.number, int(issue.code), "Error", issue.refusal.sentence(language), about)
    return line._replace(sku=one.sku, type="Error" if issue.severity is Severity.ERROR else "Warning")
