"""The public key in Safaricom's certificate, by which the API operator's password is sealed (daraja:
SecurityCredential)."""

from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from cryptography.x509 import Certificate, load_der_x509_certificate, load_pem_x509_certificate

LARGEST_BYTES: Final = 64 * 1024
_FEWEST_BITS: Final = 1024
_FINGERPRINTS: Final = {"A542C3C6": "sandbox", "94179152": "production"}
"""How the SHA-256 of the two certificates begins that are passed around (daraja: SecurityCredential)."""
_FINGERPRINT_CHARACTERS: Final = 8


class UnusableCertificate(ValueError):
    """There is no key in it by which a password could be sealed. The text goes on after a setting's name."""


def read_file(path: str) -> bytes:
    """The content of a certificate's file; raises UnusableCertificate."""
    try:
        with Path(path).open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or "its name is no file's"
        raise UnusableCertificate(f"names a file that cannot be read ({reason})") from None
    if len(content) > LARGEST_BYTES:
        raise UnusableCertificate("names a file that is too long to be a certificate")
    return content


def file_or_fault(path: str) -> bytes | UnusableCertificate:
    """The content of a certificate's file, or why it cannot be read; nothing where no file is named."""
    try:
        return read_file(path) if path else b""
    except UnusableCertificate as failure:
        return failure


def read_key(content: bytes) -> RSAPublicKey:
    """The RSA key of a certificate or of a bare public key, in PEM or in DER; raises UnusableCertificate."""
    certificate = _certificate(content)
    try:
        key = certificate.public_key() if certificate is not None else _bare_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UnusableCertificate("holds neither a certificate nor a public key, in PEM or in DER") from None
    if not isinstance(key, RSAPublicKey):
        raise UnusableCertificate("holds a key that is not RSA, and the password is sealed by RSA")
    if key.key_size < _FEWEST_BITS:
        raise UnusableCertificate(f"holds a key of {key.key_size} bits, which is none of Safaricom's")
    return key


def environment_of(content: bytes) -> str | None:
    """The environment of which this is the well-known certificate: `sandbox`, `production`, or None for any other."""
    certificate = _certificate(content)
    if certificate is None:
        return None
    return environment_of_fingerprint(certificate.fingerprint(SHA256()).hex())


def environment_of_fingerprint(sha256: str) -> str | None:
    """The same by the certificate's SHA-256 in hexadecimal digits."""
    return _FINGERPRINTS.get(sha256[:_FINGERPRINT_CHARACTERS].upper())


def _certificate(content: bytes) -> Certificate | None:
    for load in (load_pem_x509_certificate, load_der_x509_certificate):
        try:
            return load(content)
        except (ValueError, TypeError):
            continue
    return None


def _bare_key(content: bytes) -> object:
    try:
        return load_pem_public_key(content)
    except ValueError:
        return load_der_public_key(content)
