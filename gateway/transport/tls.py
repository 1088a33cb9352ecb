"""TLS of the hub as a client: whom it trusts, and what it shows of itself."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx2

from gateway.domain.errors import Misconfigured


def client_context(ca_file: Path | None, certificate_file: Path | None, key_file: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later against the system's authorities, or those of `ca_file` alone; with a certificate of our own.

    Raises Misconfigured `ca-file-unreadable`, `tls-file-unusable`.
    """
    try:
        context = (
            httpx2.create_ssl_context(trust_env=False)
            if ca_file is None
            else ssl.create_default_context(cafile=ca_file)
        )
    except OSError as fault:  # ssl.SSLError is one
        raise Misconfigured(
            f"the CA file {ca_file} cannot be read as PEM certificates ({fault}); set the right file",
            code="ca-file-unreadable",
        ) from fault
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate_file is not None:
        try:
            context.load_cert_chain(certificate_file, key_file)
        except OSError as fault:
            raise Misconfigured(
                f"SIMOJO_TLS_CLIENT_CERTIFICATE_FILE ({certificate_file}) and SIMOJO_TLS_CLIENT_KEY_FILE ({key_file}) "
                f"are not a certificate and its key in PEM: {fault}",
                code="tls-file-unusable",
            ) from fault
    return context
