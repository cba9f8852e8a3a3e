"""What can go wrong with the Vault, in words that name it and never a secret."""

from typing import Any
from urllib.parse import urlsplit

import requests
from hvac import exceptions


class VaultError(Exception):
    """The Vault refused a request; the message says which and why."""


class VaultDenied(VaultError):
    """The role may not do this, or is not let in at all."""


class VaultUnavailable(VaultError):
    """The Vault cannot be reached or is sealed; the message says what cannot be done until it is back."""


# It may be starting, sealing itself, changing its leader, or shedding load: asking again later helps.
_AWAY = (
    requests.RequestException,
    exceptions.VaultDown,
    exceptions.BadGateway,
    exceptions.InternalServerError,
    exceptions.VaultNotInitialized,
    exceptions.RateLimitExceeded,
)


def is_away(error: BaseException) -> bool:
    """Say whether the error means that the Vault is out of reach, and not that it refuses."""
    return isinstance(error, _AWAY)


def translated(error: Exception, address: str, what: str) -> VaultError:
    """Return an error of the client library's as one of ours.

    Args:
        error: As it was raised.
        address: URL of the Vault.
        what: What was tried, as the end of "cannot ...".
    """
    place = f"the Vault at {urlsplit(address).netloc}"
    if is_away(error):
        return VaultUnavailable(f"Cannot {what}: {place} {_why(error)}.")
    said = "; ".join(map(str, getattr(error, "errors", None) or ())) or type(error).__name__
    if isinstance(error, (exceptions.Forbidden, exceptions.Unauthorized)):
        return VaultDenied(f"Cannot {what}: {place} does not allow it.")
    return VaultError(f"Cannot {what}: {place} refuses: {said}.")


def _why(error: Any) -> str:
    if isinstance(error, exceptions.VaultDown):
        return "is sealed"
    if isinstance(error, exceptions.VaultNotInitialized):
        return "has never been set up"
    if isinstance(error, exceptions.VaultError):
        return f"is not ready ({'; '.join(map(str, error.errors or ())) or type(error).__name__})"
    if isinstance(error, requests.Timeout):
        return "does not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "shows a certificate that is not trusted (BRAIN_VAULT_CA_FILE)"
    return "is away"
