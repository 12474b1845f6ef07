"""How Notifications v1 writes its documents: destinations, subscriptions, and what is wanted of either."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from tradepost.doors.selling_partner_api.asked import invalid
from tradepost.notifications.subscribed import destinations, subscriptions
from tradepost.notifications.subscribed.destinations import EVENT_BRIDGE, SQS, WEBHOOK
from tradepost.notifications.subscribed.records import Destination, Subscription

Text = Annotated[str, Meta(max_length=2000)]


class Queue(Struct, frozen=True):
    """An Amazon SQS queue."""

    arn: Text


class Webhook(Struct, frozen=True, omit_defaults=True):
    """An address that is called, and what the calls are signed with: that is told once, when it is made."""

    url: Text
    secret: str | None = None


class Resource(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where notifications go: one of these."""

    sqs: Queue | None = None
    webhook: Webhook | None = None
    event_bridge: Any = None


class DestinationWanted(Struct, frozen=True, rename="camel"):
    """A destination that is to be made."""

    name: Text
    resource_specification: Resource


class DestinationShown(Struct, frozen=True, rename="camel"):
    """A destination."""

    destination_id: str
    name: str
    resource: Resource


class EventFilter(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Which changes of orders are told of; the marketplaces can only be the seller's."""

    event_filter_type: Text
    order_change_types: list[Text] | None = None
    marketplace_ids: list[Text] | None = None
    aggregation_settings: Any = None
    tracking_identifier: Any = None


class Directive(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What is to be done with notifications before they are sent."""

    event_filter: EventFilter | None = None
    filter_expression: Text | None = None


class SubscriptionWanted(Struct, frozen=True, rename="camel"):
    """A subscription that is to be made."""

    payload_version: Text
    destination_id: Text
    processing_directive: Directive | None = None

    @property
    def marketplace_ids(self) -> list[str]:
        """The marketplaces to which it is restricted; empty: it is not."""
        event_filter = self.processing_directive and self.processing_directive.event_filter
        return (event_filter and event_filter.marketplace_ids) or []


class SubscriptionShown(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A subscription."""

    subscription_id: str
    payload_version: str
    destination_id: str
    processing_directive: Directive | None = None


class Test(Struct, frozen=True, rename="camel"):
    """What a test is to look like; the scenario is any, and has to be said by whoever says it."""

    payload_version: Text
    test_scenario: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class TestWanted(Struct, frozen=True, rename="camel"):
    """A test notification that is to be sent."""

    destination_id: Text
    test_notification: Test


def wanted_destination(asked: DestinationWanted) -> destinations.Wanted:
    """The destination that is asked for; refuses none and several at once."""
    resource = asked.resource_specification
    named: list[tuple[str, str]] = []
    if resource.sqs:
        named.append((SQS, resource.sqs.arn))
    if resource.webhook:
        named.append((WEBHOOK, resource.webhook.url))
    if resource.event_bridge is not None:
        named.append((EVENT_BRIDGE, ""))
    if len(named) != 1:
        raise invalid("resourceSpecification", f"name either {SQS} or {WEBHOOK}")
    ((kind, address),) = named
    return destinations.Wanted(asked.name, kind, address)


def wanted_subscription(kind: str, asked: SubscriptionWanted) -> subscriptions.Wanted:
    """The subscription that is asked for; refuses filters that are not offered."""
    directive = asked.processing_directive or Directive()
    if directive.filter_expression is not None:
        raise invalid("processingDirective.filterExpression", "expressions are not offered")
    given, event_filter = directive.event_filter, None
    if given:
        if given.aggregation_settings is not None or given.tracking_identifier is not None:
            raise invalid("processingDirective.eventFilter", "it may name orderChangeTypes and marketplaceIds")
        event_filter = subscriptions.Filter(given.event_filter_type, given.order_change_types or ())
    return subscriptions.Wanted(kind, asked.payload_version, asked.destination_id, event_filter)


def destination_shown(destination: Destination, secret: str | None = None) -> DestinationShown:
    """A destination; with its secret when that is told."""
    if destination.kind == WEBHOOK:
        resource = Resource(webhook=Webhook(destination.address, secret))
    else:
        resource = Resource(sqs=Queue(destination.address))
    return DestinationShown(destination.destination_id, destination.name, resource)


def subscription_shown(found: Subscription) -> SubscriptionShown:
    """A subscription, with its filter if it has one."""
    only = found.change_types
    directive = Directive(EventFilter(found.kind, only)) if only else None
    return SubscriptionShown(found.subscription_id, found.payload_version, found.destination_id, directive)
