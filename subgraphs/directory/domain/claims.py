"""Claims: a user says that a business is theirs, and proves it.

What a code is sent to, and where a token is looked for, the listing says, not the user: its phone number, an address at
its website's domain, its website. Who has neither shows documents to a moderator.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from subgraphs.directory.domain.errors import ClaimImpossible, InvalidClaim

CODE_DIGITS: Final = 8
CODE_LIFETIME: Final = timedelta(minutes=15)
CODE_WAITED_FOR: Final = timedelta(days=1)
"""How long after it was asked for a code may be sent."""
CLAIM_LIFETIME: Final = timedelta(days=7)
MAX_ATTEMPTS: Final = 5
"""Wrong codes after which a claim has failed."""
MAX_CHECKS: Final = 20
"""How often the website or the domain of one claim is looked at."""
MAX_SENDS: Final = 3
"""Codes of one claim."""
MAX_OPEN_CLAIMS: Final = 5
"""Claims of one user that wait."""
MAX_CLAIMS_A_DAY: Final = 3
"""Claims of one user to one business within a day, so that a failed one is no new chance at once."""
MAX_SENDS_A_DAY: Final = 10
"""Codes sent to one business within a day, whoever claims it."""
MAX_STATEMENT: Final = 2000
TOKEN_PATH: Final = "/.well-known/business-claim.txt"  # noqa: S105 - a path, not a token

RECORD_LABEL: Final = "_business-claim"
_DOMAIN: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")
# Some ten milliseconds a guess, for as long as a code is good.
_SCRYPT: Final = {"n": 2**12, "r": 8, "p": 1, "dklen": 32}


class ClaimMethod(Enum):
    """How a claim is proved; by TRANSFER it needs no proof: the owner before says so."""

    EMAIL = "email"
    PHONE = "phone"
    WEBSITE = "website"
    DOCUMENT = "document"
    TRANSFER = "transfer"
    DNS = "dns"


class ClaimState(Enum):
    """What has become of a claim."""

    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    TRANSFERRED = "transferred"


class ClaimAction(Enum):
    """What was done about a claim."""

    OPENED = "opened"
    CODE_SENT = "code_sent"
    CODE_WRONG = "code_wrong"
    TOKEN_MISSING = "token_missing"  # noqa: S105 - the name of an action
    VERIFIED = "verified"
    FAILED = "failed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    TRANSFERRED = "transferred"


class ClaimDecision(Enum):
    """What a moderator says to a claim."""

    APPROVE = "approve"
    REJECT = "reject"


def new_code() -> str:
    """A code that a person can read out: eight digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def new_token() -> str:
    """A token for a website."""
    return f"claim-{secrets.token_urlsafe(24)}"


def hashed_code(code: str) -> str:
    """A code as it is stored: salted, and slow to guess."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{hashlib.scrypt(code.encode(), salt=salt, **_SCRYPT).hex()}"


def is_code(code: str, stored: str) -> bool:
    """Whether `code` is the one that was stored; takes the same time for each wrong one."""
    typed = re.sub(r"[\s-]", "", code)
    salt, _, digest = stored.partition(":")
    found = hashlib.scrypt(typed.encode(errors="replace"), salt=bytes.fromhex(salt), **_SCRYPT)
    return hmac.compare_digest(found, bytes.fromhex(digest))


def website_host(website: str | None) -> str:
    """The host of a listing's website.

    Raises:
        ClaimImpossible: it has none.
    """
    host = urlsplit(website).hostname if website else None
    if not host:
        raise ClaimImpossible("The listing names no website.")
    return host.removesuffix(".")


def record_name(website: str | None) -> str:
    """Where the token is looked for by DNS: at the domain of the website that the listing names, nowhere else.

    Raises:
        ClaimImpossible: it names none, or one without a domain of its own.
    """
    try:
        host = website_host(website).lower().removeprefix("www.").encode("idna").decode()
    except UnicodeError:
        host = ""
    name = f"{RECORD_LABEL}.{host}"
    if not _DOMAIN.fullmatch(host) or len(name) > 253:
        raise ClaimImpossible("The listing's website has no domain of its own.")
    return name


def token_url(website: str | None) -> str:
    """Where the token is looked for: on the website that the listing names, nowhere else.

    Raises:
        ClaimImpossible: it names none.
    """
    website_host(website)
    parts = urlsplit(website or "")
    return f"{parts.scheme}://{parts.netloc}{TOKEN_PATH}"


def claim_email(email: str | None, website: str | None) -> str:
    """An address at the domain of a listing's website.

    Raises:
        InvalidClaim: it is none, or at another domain.
        ClaimImpossible: the listing names no website.
    """
    domain = website_host(website).removeprefix("www.")
    address = (email or "").strip()
    local, _, host = address.rpartition("@")
    normal = f"{local}@{host.lower()}"
    if not _EMAIL.fullmatch(normal) or host.lower() != domain:
        raise InvalidClaim(f"give an address that ends in @{domain}, the domain of the website", path=("email",))
    return normal


def claim_phone(phone: str | None) -> str:
    """The phone number of a listing.

    Raises:
        ClaimImpossible: it has none.
    """
    if not phone:
        raise ClaimImpossible("The listing names no phone number.")
    return phone


def claim_statement(text: str, field: str = "statement", *, required: bool = False) -> str:
    """What a claimant says about documents, or a moderator about a claim; trimmed.

    Raises:
        InvalidClaim: it is too long, cannot be stored, or is needed and missing.
    """
    said = text.strip()
    if len(said) > MAX_STATEMENT or "\0" in said or any("\ud800" <= mark <= "\udfff" for mark in said):
        raise InvalidClaim(f"at most {MAX_STATEMENT} characters that can be stored", path=(field,))
    if required and not said:
        raise InvalidClaim("it must not be empty", path=(field,))
    return said


def masked(address: str | None) -> str | None:
    """An address as it may be shown: enough to recognise, not to use."""
    if address is None:
        return None
    local, at, host = address.rpartition("@")
    if at:
        return f"{local[:1]}***@{host}"
    return f"***{address[-3:]}"
