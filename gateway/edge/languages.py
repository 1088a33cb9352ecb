"""Which of the office's languages a client prefers."""

from __future__ import annotations

from gateway.domain.titles import Language


def preferred_language(accept_language: str | None) -> Language:
    """Read an Accept-Language header (RFC 9110 section 12.5.4). Indonesian unless English is preferred.

    `in` is the old code of Indonesian, which some Java programs still send.
    """
    weights = {Language.INDONESIAN: 0.0, Language.ENGLISH: 0.0}
    for part in (accept_language or "").split(","):
        tag, _, parameters = part.strip().lower().partition(";")
        primary = tag.split("-", 1)[0].strip()
        language = {"id": Language.INDONESIAN, "in": Language.INDONESIAN, "en": Language.ENGLISH}.get(primary)
        if language:
            weights[language] = max(weights[language], _weight(parameters))
    return Language.ENGLISH if weights[Language.ENGLISH] > weights[Language.INDONESIAN] else Language.INDONESIAN


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    digits = value.strip()
    return float(digits) if digits.replace(".", "", 1).isdecimal() else 0.0
