"""Whom a diverted program trusts: everybody that it would trust anyway, and our authority."""

import re
import ssl
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import pathsep
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore

FILE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
FOLDER_VARIABLE = "SSL_CERT_DIR"
PASSWORD = "tradepost"  # noqa: S105  # Java wants one, and there is nothing in it that is secret

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Trust:
    """Our authority's certificate, and with all the others twice: for OpenSSL and all who read PEM, and for Java."""

    authority: str
    bundle: Path
    java_store: Path


def write_trust(folder: Path, authority: x509.Certificate, environment: Mapping[str, str]) -> Trust:
    """Write who is trusted into a folder."""
    trust = Trust(authority.public_bytes(Encoding.PEM).decode(), folder / "trusted.pem", folder / "trusted.p12")
    trusted = [authority, *_trusted(environment)]
    trust.bundle.write_bytes(b"".join(certificate.public_bytes(Encoding.PEM) for certificate in trusted))
    named = [PKCS12Certificate(certificate, str(number).encode()) for number, certificate in enumerate(trusted)]
    trust.java_store.write_bytes(serialize_java_truststore(named, BestAvailableEncryption(PASSWORD.encode())))
    return trust


def _trusted(environment: Mapping[str, str]) -> list[x509.Certificate]:
    """What the environment names, what the machine has, and what most clients bring along."""
    found: dict[x509.Certificate, None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old certificates have their oddities, which are not ours to mend
        for file in _files(environment):
            for block in _BLOCK.findall(_content(file)):
                try:
                    found[x509.load_pem_x509_certificate(block)] = None
                except ValueError:
                    continue
    return list(found)


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    machine = ssl.get_default_verify_paths()
    places = [environment.get(name) for name in FILE_VARIABLES]
    places += [*environment.get(FOLDER_VARIABLE, "").split(pathsep), machine.openssl_cafile, machine.openssl_capath]
    for place in (*places, certifi.where()):
        if place:
            path = Path(place)
            yield from sorted(path.iterdir()) if path.is_dir() else [path]


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # a link to nowhere, or somebody else's
        return b""
