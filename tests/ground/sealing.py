"""Keys and certificates made for tests, as Safaricom's come: an RSA key in a certificate, or bare."""

from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate, CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID


@cache
def private_key() -> RSAPrivateKey:
    """A key as long as Safaricom's, the same in the whole run."""
    return generate_private_key(65537, 2048)


def certificate(encoding: Encoding = Encoding.PEM) -> bytes:
    """A certificate that ended years ago, as both of Safaricom's did (daraja: SecurityCredential)."""
    return _signed(private_key().public_key()).public_bytes(encoding)


def bare_key(encoding: Encoding = Encoding.PEM, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    """The public key alone."""
    return private_key().public_key().public_bytes(encoding, form)


def ec_key() -> bytes:
    """A public key that is not RSA."""
    return new_ec_key(SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _signed(key: RSAPublicKey) -> Certificate:
    name = Name([NameAttribute(NameOID.COMMON_NAME, "apicrypt.test")])
    return (
        CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key)
        .serial_number(1)
        .not_valid_before(datetime(2014, 11, 12, tzinfo=UTC))
        .not_valid_after(datetime(2016, 11, 11, tzinfo=UTC))
        .sign(private_key(), SHA256())
    )
