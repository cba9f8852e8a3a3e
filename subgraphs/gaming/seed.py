"""Writes the demo data of both demo tenants."""

from datetime import UTC, datetime, timedelta
from typing import Final

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, USERS, demo_id, demo_tenant_id
from resolvers.session import Database, TenantSession
from subgraphs.gaming.domain import achievements as achieving
from subgraphs.gaming.domain import games as rules
from subgraphs.gaming.domain import players as persons
from subgraphs.gaming.domain import sessions as playing
from subgraphs.gaming.domain import tournaments as cups
from subgraphs.gaming.domain.achievements import Achievement, CountRule, ScoreRange
from subgraphs.gaming.domain.games import Game, GameChange, GameScoring, GameStatus, ScoreRules, rank_key
from subgraphs.gaming.domain.players import Player
from subgraphs.gaming.domain.seasons import Season
from subgraphs.gaming.domain.sessions import GameSession, Report, SessionStatus
from subgraphs.gaming.domain.tournaments import TournamentEntry, TournamentFormat
from subgraphs.gaming.repository.achievements import ACHIEVEMENTS, give
from subgraphs.gaming.repository.games import GAMES, PLAYERS
from subgraphs.gaming.repository.seasons import SEASONS
from subgraphs.gaming.repository.sessions import SESSIONS
from subgraphs.gaming.repository.standings import count_score
from subgraphs.gaming.repository.tournaments import ENTRIES, MATCHES, TOURNAMENTS

__all__ = ["seed"]

_MADE_AT: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
_SEASON_ENDS_AT: Final = datetime(2030, 1, 1, tzinfo=UTC)
_GAMES: Final = (
    ("g1", "Star Miner", GameScoring.HIGHEST, ScoreRules(0, 1_000_000, 10, 3600, 500)),
    ("g2", "Downhill", GameScoring.LOWEST, ScoreRules(30_000, 600_000, 30, 900, None)),
    ("g3", "Word Tower", GameScoring.HIGHEST, ScoreRules(0, 5_000, 20, 1800, 50)),
)
_PER_PLAYER: Final = 6


async def seed(database: Database) -> None:
    """Writes each demo tenant's rows in one transaction, unless they were written before."""
    for slug in TENANTS:
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            games = [_game(slug, *each) for each in _GAMES]
            (known,) = await GAMES.find(session, [games[0].id])
            if known is None:
                players = [
                    persons.new_player(
                        demo_id(slug, "player", user),
                        demo_id(slug, "user", user),
                        f"{user.title()} of {slug}",
                        _MADE_AT,
                    )
                    for user in USERS
                ]
                season = _season(slug, games[0])
                played = _sessions(slug, games, players, season)
                await GAMES.add(session, *games)
                await PLAYERS.add(session, *players)
                await SEASONS.add(session, season)
                await SESSIONS.add(session, *played)
                await _tournaments(session, slug, games, players)
                first = _first_achievement(slug, games[0])
                await ACHIEVEMENTS.add(session, first)
                for player in players:
                    done = [each for each in played if each.player_id == player.id and each.game_id == games[0].id]
                    await give(session, [first], done[0])
                for each in played:
                    if each.status is SessionStatus.FINISHED and each.score is not None:
                        (game,) = (game for game in games if game.id == each.game_id)
                        await count_score(session, each, rank_key(game.scoring, each.score))


def _game(slug: str, key: str, name: str, scoring: GameScoring, score_rules: ScoreRules) -> Game:
    draft = rules.new_game(
        demo_id(slug, "game", key), f"{name} ({slug})", f"{name}, as {slug} plays it.", scoring, score_rules, _MADE_AT
    )
    return rules.change_game(draft, GameChange(status=GameStatus.LIVE), _MADE_AT)


def _player(slug: str, user: str) -> Player:
    handle = f"{user.title()} of {slug}"
    return persons.new_player(demo_id(slug, "player", user), demo_id(slug, "user", user), handle, _MADE_AT)


def _first_achievement(slug: str, game: Game) -> Achievement:
    """What everybody has who has played the first game."""
    return achieving.new_achievement(
        demo_id(slug, "achievement", "a1"),
        game.id,
        "First light",
        "Play a game to its end.",
        10,
        CountRule(1, ScoreRange()),
        _MADE_AT,
    )


async def _tournaments(session: TenantSession, slug: str, games: list[Game], players: list[Player]) -> None:
    """One that runs, a match of which was played, and one that can be registered for."""
    cup, league = (
        cups.new_tournament(demo_id(slug, "tournament", key), game.id, name, kind, 8, _MADE_AT)
        for key, name, kind, game in (
            ("t1", "Opening cup", TournamentFormat.SINGLE_ELIMINATION, games[0]),
            ("t2", "Mountain league", TournamentFormat.ROUND_ROBIN, games[1]),
        )
    )
    entries = [
        TournamentEntry(demo_id(slug, "entry", str(seed)), cup.id, player.id, seed, _MADE_AT + timedelta(hours=seed))
        for seed, player in enumerate(players, start=1)
    ]
    begun = _MADE_AT + timedelta(days=2)
    cup = cups.start(cup, len(entries), begun)
    drawn = cups.draw(cup, [each.player_id for each in entries], begun)
    by_slot = {(each.round, each.slot): each for each in drawn}
    decided = cups.decide(cup, by_slot, drawn[0], (1200, 900), games[0].scoring, begun + timedelta(hours=1))
    by_slot |= {(each.round, each.slot): each for each in decided}
    await TOURNAMENTS.add(session, cup, league)
    await ENTRIES.add(session, *entries)
    await MATCHES.add(session, *by_slot.values())


def _season(slug: str, game: Game) -> Season:
    """The first game's, which goes on for a long time."""
    return Season(
        demo_id(slug, "season", "s1"), game.id, "First season", _MADE_AT, _SEASON_ENDS_AT, None, _MADE_AT, _MADE_AT
    )


def _sessions(slug: str, games: list[Game], players: list[Player], season: Season) -> list[GameSession]:
    """What was played of the first two games; the last of it is not plausible."""
    found = []
    for place, player in enumerate(players):
        for number in range(_PER_PLAYER):
            game = games[number % 2]
            begun = _MADE_AT + timedelta(days=number, minutes=10 * place)
            opened = playing.open_session(demo_id(slug, "session", f"{place}-{number}"), game.id, player.id, begun)
            score = 35_000 + 1_000 * ((7 * place + 3 * number) % 11)
            report = Report(score, f"demo-{number}")
            counts_in = season.id if game.id == season.game_id else None
            lasted = timedelta(seconds=1 if (place, number) == (3, 5) else 120)
            found.append(playing.finish(opened, report, game.rules, counts_in, begun + lasted))
    return found
