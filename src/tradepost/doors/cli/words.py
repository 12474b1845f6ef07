"""The process in the words of the command line: what happened, and what will happen by itself."""

from tradepost.lifecycle import Act

HAPPENED = {
    Act.PLACE: "the buyer placed the order",
    Act.CANCEL_BY_BUYER: "the buyer canceled",
    Act.APPROVE: "the payment was approved",
    Act.DEFER: "verification was deferred",
    Act.FAIL_PAYMENT: "the payment failed and may be tried again",
    Act.CHANGE_PAYMENT: "the buyer brought another payment",
    Act.DECLINE: "the payment was declined",
    Act.REPORT_FRAUD: "fraud was found",
    Act.END_HOLD: "the hold ended before verification was through",
    Act.GIVE_UP_VERIFYING: "verification took too long",
    Act.RELEASE: "the order was released to the seller",
    Act.CONFIRM_SHIPMENT: "the seller confirmed a shipment",
    Act.EDIT_PACKAGE: "the seller corrected a package",
    Act.CANCEL_BY_SELLER: "the seller canceled",
    Act.REQUEST_CANCELLATION: "the buyer asked the seller to cancel",
    Act.REMIND: "the seller was reminded to confirm",
    Act.CANCEL_UNCONFIRMED: "what was not confirmed in time was canceled",
    Act.DELIVER: "the carrier delivered",
}

WILL_HAPPEN: dict[Act | None, str] = {
    None: "the payment gateway is asked",
    Act.END_HOLD: "the hold ends",
    Act.RELEASE: "the order is released to the seller",
    Act.GIVE_UP_VERIFYING: "verification has taken too long: the order is canceled",
    Act.REMIND: "the seller is reminded to confirm the shipment",
    Act.CANCEL_UNCONFIRMED: "what is not confirmed by then is canceled",
}
