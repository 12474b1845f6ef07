"""Where documents lie and what their addresses begin with, as the environment says it."""

from pathlib import Path

import pytest

from tradepost.doors.cli.mistakes import Mistake
from tradepost.doors.cli.serve import public_url
from tradepost.doors.serving.handover import Handover, handed_over
from tradepost.ground.settings import Settings
from tradepost.ground.storage import InvalidStorage, Storage


def settings(**said: str) -> Settings:
    return Settings.from_environment({f"TRADEPOST_{name}": value for name, value in said.items()})


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("", None),
        ("https://api.example.com", "https://api.example.com"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("https://example.com/market/", "https://example.com/market"),
    ],
)
def test_a_public_address_is_what_addresses_begin_with(said: str, understood: str | None) -> None:
    assert public_url(settings(PUBLIC_URL=said)) == understood


@pytest.mark.parametrize(
    "said", ["example.com", "ftp://example.com", "https://", "https://x/?a=b", "https://a b", "x\n"]
)
def test_what_is_no_public_address_is_refused(said: str) -> None:
    with pytest.raises(Mistake, match="TRADEPOST_PUBLIC_URL"):
        public_url(settings(PUBLIC_URL=said))


def test_documents_may_lie_in_a_folder_or_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert settings(DOCUMENTS="s3://bucket/path").documents == "s3://bucket/path"
    Storage.at("s3://bucket/path")
    Storage.at(str(tmp_path / "documents"))
    assert (tmp_path / "documents").is_dir()


def test_a_place_that_cannot_be_used_is_told_without_its_secrets(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for address in ("nothing://user:secret@host/x", str(tmp_path / "file" / "below")):
        with pytest.raises(InvalidStorage) as refused:
            Storage.at(address)
        assert "secret" not in str(refused.value)


def test_server_processes_are_told_both() -> None:
    told = Handover("postgresql://x", documents="s3://bucket", endpoint="https://api.example.com")
    heard = handed_over(told.to_environment())
    assert (heard.documents, heard.endpoint) == (told.documents, told.endpoint)
