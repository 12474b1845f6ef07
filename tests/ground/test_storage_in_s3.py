"""A bucket that goes away: nobody takes its documents for documents that never were."""

import httpx
import pytest

from tests.faults.serving import PATIENCE_SECONDS
from tests.feeds.test_documents_in_s3 import ADDRESS, BUCKET, Bucket, bucket, endpoint, pieces
from tradepost.ground.storage import Storage, StorageUnavailable

__all__ = ["bucket", "endpoint"]  # fixtures


def remove(bucket: Bucket) -> None:
    assert httpx.delete(f"{bucket.endpoint}/{BUCKET}", timeout=PATIENCE_SECONDS).status_code == 204


async def test_a_document_is_deleted_any_number_of_times(bucket: Bucket) -> None:
    storage = Storage.at(ADDRESS)
    for name in ("one", "another"):
        await storage.write(name, pieces(b"content"))
    for _ in range(2):
        await storage.delete("one")
    assert bucket.held("market/one/one") is None
    assert bucket.held("market/one/another") == b"content"


async def test_a_bucket_that_was_deleted_is_unavailable(bucket: Bucket) -> None:
    storage = Storage.at(ADDRESS)
    remove(bucket)
    with pytest.raises(StorageUnavailable):
        [piece async for piece in storage.read("one")]
    with pytest.raises(StorageUnavailable):
        await storage.delete("one")
