"""Which services the mailboxes have, and where. One for the process; safe to share."""

from __future__ import annotations

from gateway.contract.adapter import Adapter, Mailbox
from gateway.contract.message import Transport
from gateway.dialect.profiles import WSS_X509
from gateway.exchange.directory import Directory
from gateway.exchange.mailbox.service import PATH, PREFIX, MailboxService, Serves
from gateway.exchange.meta.inquiry import JWS


class MailboxServices:
    """Both services under both profiles; agencies whose adapter declares a mailbox have them."""

    def __init__(self, *, directory: Directory, collect: Serves, acknowledge: Serves) -> None:
        self._directory = directory
        self._declared = {
            (f"{PREFIX}{name}", security): _declared(name, security, serve)
            for name, serve in {"collect": collect, "acknowledge": acknowledge}.items()
            for security in (JWS, WSS_X509)
        }

    def served(self, agency: str, name: str, transport: Transport) -> MailboxService | None:
        """The service at an address: `mailbox/<name>` over REST, `mailbox.<name>` over SOAP."""
        adapter = self._directory.adapters.get(agency)
        if adapter is None or not has_mailbox(adapter):
            return None
        if transport.is_soap:
            return self._declared.get((name, WSS_X509))
        return self._declared.get((f"{PREFIX}{name.removeprefix(PATH)}", JWS)) if name.startswith(PATH) else None

    def of(self, adapter: Adapter) -> tuple[MailboxService, ...]:
        """The services that an agency has, once for each security profile."""
        return tuple(self._declared.values()) if has_mailbox(adapter) else ()


def has_mailbox(adapter: Adapter) -> bool:
    """Whether there is anything that the agency collects."""
    return any(isinstance(each, Mailbox) for each in adapter.interactions)


def _declared(name: str, security: str, serve: Serves) -> MailboxService:
    return MailboxService(
        name=f"{PREFIX}{name}",
        path=f"{PATH}{name}",
        security=security,
        request=f"simojo/mailbox-{name}/1.0/request",
        reply=f"simojo/mailbox-{name}/1.0/reply",
        serve=serve,
    )
