"""What is told of feeds and reports that are finished: queued with the finishing, and known whole by then.

What cannot be read back later as it was (a result may be written anew) is put into the payload at once.
"""

from tradepost.ground.database import Transaction
from tradepost.notifications.kinds import Kind
from tradepost.notifications.queueing import records


async def feed_finished(
    tx: Transaction, seller_id: str, feed_id: str, kind: str, status: str, result_id: str | None
) -> None:
    """Tell the seller's applications that a feed is done, failed or was cancelled, and which document says more."""
    told = {
        "sellerId": seller_id,
        "accountId": seller_id,
        "feedId": feed_id,
        "feedType": kind,
        "processingStatus": status,
        **({"resultFeedDocumentId": result_id} if result_id else {}),
    }
    payload = {"feedProcessingFinishedNotification": told}
    await records.whole(tx, seller_id, Kind.FEED_FINISHED, feed_id, tx.now, payload)


async def report_finished(
    tx: Transaction, seller_id: str, report_id: str, kind: str, status: str, document_id: str | None
) -> None:
    """Tell the seller's applications that a report is done, failed or was cancelled, and which document it is."""
    told = {
        "sellerId": seller_id,
        "accountId": seller_id,
        "reportId": report_id,
        "reportType": kind,
        "processingStatus": status,
        **({"reportDocumentId": document_id} if document_id else {}),
    }
    payload = {"reportProcessingFinishedNotification": told}
    await records.whole(tx, seller_id, Kind.REPORT_FINISHED, report_id, tx.now, payload)
