"""Names of countries, for `CountryDisplay`."""

from collections.abc import Mapping

__all__ = ["country"]

_NAMES: Mapping[str, str] = {
    "AT": "Austria",
    "BE": "Belgium",
    "CA": "Canada",
    "CH": "Switzerland",
    "DE": "Germany",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "IT": "Italy",
    "NL": "Netherlands",
    "PL": "Poland",
    "PT": "Portugal",
    "US": "United States of America",
}


def country(code: str) -> dict[str, str]:
    """A country's code and name; where the name is not known, the code says it."""
    return {"code": code, "country": _NAMES.get(code, code)}
