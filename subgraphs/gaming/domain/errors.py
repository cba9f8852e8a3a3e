"""What gaming refuses."""

from resolvers.errors import Conflict, NotFound, Refused

__all__ = [
    "GameNotFound",
    "GameNotLive",
    "NameTaken",
    "PlayerExists",
    "PlayerNotFound",
    "ScoreKeyReused",
    "SessionNotFound",
    "SessionOver",
    "TooManyOpenSessions",
]


class GameNotFound(NotFound):
    """There is no such game."""

    code = "GAME_NOT_FOUND"


class PlayerNotFound(NotFound):
    """There is no such player. Register one first."""

    code = "PLAYER_NOT_FOUND"


class SessionNotFound(NotFound):
    """There is no such session of this player."""

    code = "GAME_SESSION_NOT_FOUND"


class NameTaken(Conflict):
    """The name is taken."""

    code = "NAME_TAKEN"


class PlayerExists(Conflict):
    """This account is a player already."""

    code = "PLAYER_EXISTS"


class ScoreKeyReused(Conflict):
    """Another score of this player was reported under this key."""

    code = "SCORE_KEY_REUSED"


class GameNotLive(Refused):
    """The game is not played at the moment."""

    code = "GAME_NOT_LIVE"


class SessionOver(Refused):
    """The session is over, with another score."""

    code = "GAME_SESSION_OVER"


class TooManyOpenSessions(Refused):
    """Too many sessions are open. Finish one first, or wait until they are over by themselves."""

    code = "TOO_MANY_OPEN_SESSIONS"
