"""Certificates out of files and messages: bounded, PEM or DER. `gateway.trust.certificates` trusts them."""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from gateway.domain.errors import Malformed

MAX_CERTIFICATE_BYTES = 16 * 1024
MAX_CHAIN = 8
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def load_certificate(data: bytes) -> x509.Certificate:
    """Read one certificate, PEM or DER. Raises Malformed `certificate-malformed`."""
    try:
        if len(data) > MAX_CERTIFICATE_BYTES:
            raise ValueError("too large")
        certificate = (
            x509.load_pem_x509_certificate(data)
            if data.lstrip().startswith(b"-----BEGIN")
            else x509.load_der_x509_certificate(data)
        )
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise Malformed("this is not an X.509 certificate in PEM or DER form", code="certificate-malformed") from fault
    return certificate


def load_chain(data: bytes) -> tuple[x509.Certificate, ...]:
    """Read a certificate (PEM or DER), or in PEM several: the leaf first, then those above it.

    Raises Malformed `certificate-malformed`.
    """
    found = _PEM.findall(data[: MAX_CHAIN * MAX_CERTIFICATE_BYTES]) or [data]
    if len(found) > MAX_CHAIN:
        raise Malformed(
            f"the file holds {len(found)} certificates, more than {MAX_CHAIN}: give the leaf and those above it",
            code="certificate-malformed",
        )
    return tuple(load_certificate(each) for each in found)
