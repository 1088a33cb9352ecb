"""The catalogue of permit types that the settings name, for whatever reads cases."""

from __future__ import annotations

from gateway.domain.catalogue import SAMPLE, Catalogue
from gateway.domain.errors import Misconfigured
from gateway.settings import Settings
from gateway.validation.catalogue_file import read_catalogue


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
