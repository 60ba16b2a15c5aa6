"""The key in Safaricom's certificate is found in every form in which it is passed around."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pokea.certificates import (
    LARGEST_BYTES,
    UnusableCertificate,
    environment_of,
    environment_of_fingerprint,
    read_file,
    read_key,
)
from tests.ground.sealing import bare_key, certificate, ec_key, private_key

FORMS = {
    "certificate in PEM": certificate(),
    "certificate in DER": certificate(Encoding.DER),
    "PEM with a comment before": b"Bag Attributes\n    friendlyName: apicrypt\n" + certificate(),
    "key in PEM": bare_key(),
    "key in DER": bare_key(Encoding.DER),
    "RSA key in PEM": bare_key(form=PublicFormat.PKCS1),
    "RSA key in DER": bare_key(Encoding.DER, PublicFormat.PKCS1),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_key_is_found_in_every_form(form: str) -> None:
    """Certificate or bare key, PEM or DER: it is the same key."""
    assert read_key(FORMS[form]).public_numbers() == private_key().public_key().public_numbers()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "neither a certificate nor a public key"),
        (b"\x30\x82\x01\x0a", "neither a certificate nor a public key"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "neither a certificate nor a public key"),
        (certificate()[:400], "neither a certificate nor a public key"),
        (ec_key(), "not RSA"),
    ],
)
def test_what_seals_nothing_is_refused(content: bytes, words: str) -> None:
    """The complaint says what is wrong with it."""
    with pytest.raises(UnusableCertificate, match=words):
        read_key(content)


def test_a_file_is_read_once_and_bounded(tmp_path: Path) -> None:
    """A file that is missing, a folder, or far too long is refused in words that go on after a setting's name."""
    file = tmp_path / "safaricom.cer"
    file.write_bytes(certificate())
    assert read_file(str(file)) == certificate()
    file.write_bytes(b"0" * (LARGEST_BYTES + 1))
    for path, words in ((str(file), "too long"), (str(tmp_path), "cannot be read"), ("/no/such", "cannot be read")):
        with pytest.raises(UnusableCertificate, match=words):
            read_file(path)
    with pytest.raises(UnusableCertificate, match="its name is no file's"):
        read_file("a\0b")


def test_the_known_certificates_are_recognised_by_their_fingerprints() -> None:
    """Both that are passed around are known, and one of ours is not (daraja: SecurityCredential)."""
    assert environment_of_fingerprint("a542c3c6" + "0" * 56) == "sandbox"
    assert environment_of_fingerprint("94179152" + "0" * 56) == "production"
    assert environment_of(certificate()) is None
    assert environment_of(bare_key()) is None
