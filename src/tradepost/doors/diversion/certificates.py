"""A certificate authority to throw away: it signs one certificate, and its private key never leaves the memory."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from secrets import token_bytes

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Both ways, since the program under test may live under a moved clock of its own.
VALID = timedelta(days=365)
_CURVE = ec.SECP256R1()


@dataclass(frozen=True, slots=True)
class Identity:
    """What answers in the place of others, and whom one has to trust to believe it."""

    authority: x509.Certificate
    context: ssl.SSLContext


def make_identity(names: Iterable[str], at: datetime, folder: Path) -> Identity:
    """An identity for these hosts and IP addresses, valid for a year before and after a moment.

    Python takes a private key from a file only: the key is in the (private) folder for that instant, encrypted.
    """
    authority_key, key = ec.generate_private_key(_CURVE), ec.generate_private_key(_CURVE)
    authority = _authority(authority_key, at)
    certificate = _certificate(names, key, authority, authority_key, at)
    file, password = folder / "identity.pem", token_bytes(32).hex().encode()
    try:
        encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
        file.write_bytes(certificate.public_bytes(Encoding.PEM) + encrypted)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file, password=password)
    finally:
        file.unlink(missing_ok=True)
    context.set_alpn_protocols(["http/1.1"])
    return Identity(authority, context)


def _authority(key: ec.EllipticCurvePrivateKey, at: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tradepost's authority to throw away")])
    return (
        _valid(at)
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _certificate(
    names: Iterable[str],
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    at: datetime,
) -> x509.Certificate:
    return (
        _valid(at)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tradepost in Amazon's place")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _valid(at: datetime) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().serial_number(x509.random_serial_number())
    return builder.not_valid_before(at - VALID).not_valid_after(at + VALID)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
