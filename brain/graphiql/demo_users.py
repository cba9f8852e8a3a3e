"""The users of the demo data, as the log-in box offers them and `brain up` prints them."""

from dataclasses import dataclass

__all__ = ["DEMO_USERS", "DemoUser"]


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A seeded user; the password is no secret, demo data is never loaded into a real installation unasked."""

    tenant: str
    key: str
    role: str

    @property
    def email(self) -> str:
        """What to log in with."""
        return f"{self.key}@{self.tenant}.example"

    @property
    def password(self) -> str:
        """The password that the demo data gives this user."""
        return f"demo-{self.tenant}-{self.key}"


_ROLES = {"ada": "owner", "ben": "manager", "cleo": "agent", "dan": "viewer"}

DEMO_USERS = tuple(DemoUser(tenant, key, role) for tenant in ("acme", "globex") for key, role in _ROLES.items())
