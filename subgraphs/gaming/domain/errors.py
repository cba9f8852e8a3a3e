"""What gaming refuses."""

from resolvers.errors import Conflict, NotFound, Refused

__all__ = [
    "AchievementNotFound",
    "AlreadyRegistered",
    "GameNotFound",
    "GameNotLive",
    "LeaderboardUnavailable",
    "MatchDrawn",
    "MatchNotFound",
    "MatchNotReady",
    "NameTaken",
    "NotRegistered",
    "PlayerExists",
    "PlayerNotFound",
    "ScoreKeyReused",
    "SeasonNotFound",
    "SeasonOver",
    "SeasonOverlaps",
    "SessionNotFound",
    "SessionOver",
    "TooFewPlayers",
    "TooManyAchievements",
    "TooManyOpenSessions",
    "TournamentFull",
    "TournamentNotFound",
    "TournamentNotOpen",
    "TournamentNotRunning",
    "TournamentOver",
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


class SeasonNotFound(NotFound):
    """The game has no such season."""

    code = "SEASON_NOT_FOUND"


class SeasonOverlaps(Conflict):
    """The game has another season at that time."""

    code = "SEASON_OVERLAPS"


class SeasonOver(Refused):
    """The season does not run: it has ended, or has not begun."""

    code = "SEASON_OVER"


class LeaderboardUnavailable(Refused):
    """The leaderboard cannot be built at the moment. It is shown all the same. Try again later."""

    code = "LEADERBOARD_UNAVAILABLE"


class AchievementNotFound(NotFound):
    """There is no such achievement."""

    code = "ACHIEVEMENT_NOT_FOUND"


class TooManyAchievements(Refused):
    """The game has as many achievements as a game may have."""

    code = "TOO_MANY_ACHIEVEMENTS"


class TournamentNotFound(NotFound):
    """There is no such tournament."""

    code = "TOURNAMENT_NOT_FOUND"


class MatchNotFound(NotFound):
    """There is no such match."""

    code = "MATCH_NOT_FOUND"


class NotRegistered(NotFound):
    """The player does not take part."""

    code = "NOT_REGISTERED"


class AlreadyRegistered(Conflict):
    """The player takes part already."""

    code = "ALREADY_REGISTERED"


class TournamentFull(Refused):
    """The tournament takes no more players."""

    code = "TOURNAMENT_FULL"


class TournamentNotOpen(Refused):
    """The registration is over."""

    code = "TOURNAMENT_NOT_OPEN"


class TournamentNotRunning(Refused):
    """The tournament has not started, or is over."""

    code = "TOURNAMENT_NOT_RUNNING"


class TournamentOver(Refused):
    """The tournament is over."""

    code = "TOURNAMENT_OVER"


class TooFewPlayers(Refused):
    """A tournament needs two players."""

    code = "TOO_FEW_PLAYERS"


class MatchNotReady(Refused):
    """The match waits for its players, or is over."""

    code = "MATCH_NOT_READY"


class MatchDrawn(Refused):
    """Somebody must win this match, so that there is somebody to go on."""

    code = "MATCH_DRAWN"


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
