"""What the settings name for whatever reads cases: the catalogue of permit types, and the calendar of hari kerja."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.calendar import WorkingCalendar
from gateway.domain.catalogue import SAMPLE, Catalogue
from gateway.domain.errors import Misconfigured
from gateway.office.calendar_source import indonesian_calendar
from gateway.settings import Settings
from gateway.validation.catalogue_file import read_catalogue

CALENDAR_YEARS = 6


def catalogue_of(settings: Settings) -> Catalogue:
    """The office's own, or the sample where no file is named. Raises Misconfigured, as `read_catalogue` does too."""
    path = settings.catalogue_file
    if path is None:
        return SAMPLE
    try:
        return read_catalogue(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(
            f"SIMOJO_CATALOGUE_FILE names {path}, which cannot be read ({error.strerror})", code="catalogue-missing"
        ) from None
    except UnicodeDecodeError:
        raise Misconfigured(
            f"SIMOJO_CATALOGUE_FILE names {path}, which is not UTF-8 text: save it as UTF-8", code="catalogue-malformed"
        ) from None


def calendar_of(settings: Settings, at: datetime) -> WorkingCalendar:
    """The calendar of the years around `at`: the one before, and as many as any period reaches into."""
    years = range(at.year - 1, at.year + CALENDAR_YEARS)
    return indonesian_calendar(years, joint_leave=settings.joint_leave)
