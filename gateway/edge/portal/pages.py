"""The check page as HTML: its verdict, its facts, and what came of a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from gateway.domain.calendar import JAKARTA
from gateway.domain.titles import Language
from gateway.edge.http import language_of
from gateway.edge.portal.texts import TEXTS
from gateway.office.checking.checks import Code, Look
from gateway.office.checking.comparing import Compared, Result, differences, initials
from gateway.office.checking.files import FileKind, FileVerdict
from gateway.office.checking.stored import Standing
from gateway.trust.permit_statement import MAX_STATEMENT

GOOD, BAD, WARN = "good", "bad", "warn"
_HOUR = 3600

_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
)
_MONTHS = {
    Language.INDONESIAN: "Januari/Februari/Maret/April/Mei/Juni/Juli/Agustus/September/Oktober/November/Desember",
    Language.ENGLISH: "January/February/March/April/May/June/July/August/September/October/November/December",
}
_pages = Environment(
    loader=PackageLoader("gateway.edge.portal"), autoescape=select_autoescape(default=True), trim_blocks=True
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an address says: the number, the statement of the QR code ("" without one), and the language."""

    number: str
    statement: str
    language: Language

    @classmethod
    def of(cls, request: Request, number: str) -> Asked:
        """Read it; without `lang` the browser's language."""
        said = request.query_params.get("lang")
        language = Language(said) if said in ("id", "en") else language_of(request.headers)
        # one character more than is read: cut off, a statement would be taken for an incomplete one
        statement = request.query_params.get("s", "")[: MAX_STATEMENT + 1]
        return cls(number=number.strip()[:120], statement=statement, language=language)

    def address(self, **more: str) -> str:
        """The address of this page with the statement, and with more in its query."""
        query = {"s": self.statement, **more} if self.statement else more
        path = f"/periksa/{quote(self.number)}" if self.number else "/periksa"
        return f"{path}?{urlencode(query)}" if query else f"{path}?"

    @property
    def texts(self) -> Mapping[str, str]:
        """The words."""
        return TEXTS[self.language]


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What came of a form: above the verdict of the page."""

    tone: str
    title: str
    text: Sequence[str] = ()
    status: int = 200
    after_s: int | None = None
    compared: Sequence[Compared] = ()
    file: FileVerdict | None = None


class Pages:
    """Makes pages. `clock` tells when they were made."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def ask(self, asked: Asked, *, empty: bool) -> HTMLResponse:
        """The form for a number; `empty` when it was sent without one."""
        return self._page("ask.html", asked, 422 if empty else 200, empty=empty)

    def check(
        self, asked: Asked, look: Look, notice: Notice | None = None, said: Mapping[str, Any] | None = None
    ) -> HTMLResponse:
        """The page of a number. A number that is not known is 404, whatever else there is to say; an erased one 410."""
        verdict, tone, why = _verdict(asked.texts, look)
        permit = look.permit
        status = 410 if look.is_erased else 404 if permit is None else 200 if notice is None else notice.status
        page = self._page(
            "check.html",
            asked,
            status,
            number=permit.number if permit else asked.number,
            permit=permit,
            verdict=verdict,
            tone=tone,
            why=why,
            masked=initials(permit.holder) if permit and look.code is Code.GENUINE else "",
            code_note=_code_note(asked.texts, look),
            notice=notice,
            compared=notice.compared if notice else (),
            file=notice.file if notice else None,
            said=said or {},
            here_post=asked.address(lang=asked.language.value),
        )
        if notice is not None and notice.after_s is not None:
            page.headers["Retry-After"] = str(notice.after_s)
        return page

    def fault(self, asked: Asked, code: str, *, status: int, after_s: int | None = None) -> Notice:
        """A form that could not be answered."""
        text = asked.texts.get(f"{code}-why")
        return Notice(tone=WARN, title=asked.texts[code], text=(text,) if text else (), status=status, after_s=after_s)

    def wait(self, asked: Asked, after_s: int) -> Notice:
        """Too many tries."""
        t = asked.texts
        hours, minutes = divmod(max(60, after_s), _HOUR)
        when = f"{hours} {t['hours']}" if hours else f"{-(-minutes // 60)} {t['minutes']}"
        return Notice(tone=WARN, title=t["wait"], text=(f"{t['wait-why']} {when}.",), status=429, after_s=after_s)

    def comparison(self, asked: Asked, compared: Sequence[Compared]) -> Notice:
        """What a comparison gave."""
        if differences(compared):
            return Notice(tone=BAD, title=asked.texts["some-differ"], compared=compared)
        if any(each.result is Result.UNREADABLE for each in compared):
            return Notice(tone=WARN, title=asked.texts["not-all-read"], compared=compared)
        return Notice(tone=GOOD, title=asked.texts["all-same"], compared=compared)

    def file(self, asked: Asked, verdict: FileVerdict) -> Notice:
        """What a file turned out to be."""
        name = "unreadable-file" if verdict.kind is FileKind.UNREADABLE else verdict.kind.value
        tone = {FileKind.STORED: GOOD, FileKind.DRAFT: WARN, FileKind.NO_PDF: WARN}.get(verdict.kind, BAD)
        return Notice(tone=tone, title=asked.texts[name], text=(asked.texts[f"{name}-why"],), file=verdict)

    def _page(self, template: str, asked: Asked, status: int, **facts: Any) -> HTMLResponse:
        t, months = asked.texts, _MONTHS[asked.language].split("/")

        def day(value: date) -> str:
            return f"{value.day} {months[value.month - 1]} {value.year}"

        def local(at: datetime) -> str:
            there = at.astimezone(JAKARTA)
            return f"{day(there.date())}, {there:%H:%M} {t['wib']}"

        here = asked.address()
        body = _pages.get_template(template).render(
            t=t,
            lang=asked.language.value,
            here=here if here.endswith("?") else f"{here}&",
            day=day,
            local=local,
            now=self._clock(),
            **facts,
        )
        return HTMLResponse(body, status_code=status, headers=dict(_HEADERS))


def _code_note(t: Mapping[str, str], look: Look) -> str:
    """What there is to say of the code of a permit, or of its absence."""
    if look.code is Code.GENUINE:
        return f"{t['code-genuine']} {t['holder-unjudged']}" if look.holder_unjudged else t["code-genuine"]
    if look.code is Code.NONE:
        return t["code-left-out" if look.permit and look.permit.code_key else "code-none"]
    return ""


def _verdict(t: Mapping[str, str], look: Look) -> tuple[str, str, list[str]]:
    """The name of the verdict, its tone, and sentences that say why."""
    permit = look.permit
    if look.code is Code.FORGED:
        return "forged", BAD, [t["forged-why" if permit else "forged-nothing"]]
    if look.code is Code.OTHER_PERMIT and look.statement is not None:
        return "other-permit", BAD, [f"{t['other-permit-why']} {look.statement.number}."]
    if look.is_erased:
        unjudged = [t["code-unjudged"]] if look.code is Code.UNJUDGED else []
        return "erased", WARN, [t["erased-why"], *unjudged]
    if permit is None:
        name = "not-in-force" if look.code is Code.GENUINE else "unknown"
        unjudged = [t["code-unjudged"]] if look.code is Code.UNJUDGED else []
        return name, BAD, [t[f"{name}-why"], *unjudged]
    why = [t[f"{permit.standing.value}-why"]] if permit.standing is not Standing.VALID else []
    if look.code in (Code.INCOMPLETE, Code.UNJUDGED):
        why.append(t[f"code-{look.code.value}"])
    if look.differing:
        why.append(f"{t['code-differs']} {', '.join(t[each.value] for each in look.differing)}.")
    tone = {Standing.VALID: GOOD, Standing.SUSPENDED: WARN, Standing.REVOKED: BAD}[permit.standing]
    is_doubtful = bool(look.differing) or look.code in (Code.INCOMPLETE, Code.UNJUDGED)
    return permit.standing.value, WARN if is_doubtful and tone == GOOD else tone, why
