"""Tournaments: who is let in, who meets whom, who wins; and what is refused when."""

import asyncio
from datetime import UTC, datetime
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.demo import demo_id
from subgraphs.gaming.domain import tournaments as rules
from subgraphs.gaming.domain.errors import MatchDrawn, MatchNotReady
from subgraphs.gaming.domain.games import GameScoring
from subgraphs.gaming.domain.tournaments import MatchStatus, TournamentEntry, TournamentFormat

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHOWN = "tournament { id status entryCount winner { handle } }"
WHOLE = """query ($id: ID!) { tournament(id: $id) { status entryCount winner { handle }
  entries { edges { node { seed player { handle } } } }
  matches(first: 100) { edges { node { id round slot status first { handle } second { handle } winner { handle } } } }
  standings { place points wins draws losses difference player { handle } } } }"""


def begun(kind: TournamentFormat, players: int) -> tuple[Any, list[UUID], dict[tuple[int, int], Any]]:
    made = rules.new_tournament(uuid4(), uuid4(), "Cup", kind, max(2, players), NOW)
    started = rules.start(made, players, NOW)
    seeded = [UUID(int=number) for number in range(1, players + 1)]
    return started, seeded, {(match.round, match.slot): match for match in rules.draw(started, seeded, NOW)}


def play(tournament: Any, matches: Any, order: Any, scoring: GameScoring = GameScoring.HIGHEST) -> None:
    """Decides all matches in some order; the better seed wins."""
    while ready := [match for match in matches.values() if match.status is MatchStatus.READY]:
        match = order.choice(ready)
        better = match.first_id < match.second_id
        high = (2, 1) if better is (scoring is GameScoring.HIGHEST) else (1, 2)
        for changed in rules.decide(tournament, matches, match, high, scoring, NOW):
            matches[changed.round, changed.slot] = changed


def entries(tournament: Any, seeded: list[UUID]) -> list[TournamentEntry]:
    return [TournamentEntry(uuid4(), tournament.id, player, seed, NOW) for seed, player in enumerate(seeded, start=1)]


@settings(max_examples=25, deadline=None)
@given(players=st.integers(2, 40), order=st.randoms(use_true_random=False), scoring=st.sampled_from(GameScoring))
def test_a_bracket_leads_from_all_to_one(players, order, scoring):
    tournament, seeded, matches = begun(TournamentFormat.SINGLE_ELIMINATION, players)
    size = 1 << (players - 1).bit_length()
    byes = [match for match in matches.values() if match.status is MatchStatus.BYE]
    assert len(byes) == size - players
    assert {match.winner_id for match in byes} == set(seeded[: size - players])  # the best have them
    assert len(matches) == size - 1
    play(tournament, matches, order, scoring)
    played = [match for match in matches.values() if match.status is MatchStatus.DONE]
    assert len(played) == players - 1
    assert len(played) + len(byes) == len(matches)
    losers = [match.first_id if match.winner_id == match.second_id else match.second_id for match in played]
    assert len(set(losers)) == players - 1
    final = matches[max(matches)]
    # Where the better always wins, the best two meet in the final.
    assert {final.first_id, final.second_id} == set(seeded[:2])
    found = rules.places(tournament, entries(tournament, seeded), matches.values(), scoring)
    assert [each.place for each in found] == list(range(1, players + 1))
    assert [each.player_id for each in found] == seeded
    assert found[0].player_id == final.winner_id


@settings(max_examples=15, deadline=None)
@given(players=st.integers(2, 12), order=st.randoms(use_true_random=False))
def test_in_a_round_robin_everybody_meets_everybody_once(players, order):
    tournament, seeded, matches = begun(TournamentFormat.ROUND_ROBIN, players)
    met = [frozenset((match.first_id, match.second_id)) for match in matches.values()]
    assert sorted(met, key=sorted) == sorted(map(frozenset, combinations(seeded, 2)), key=sorted)
    for number in {round_ for round_, _ in matches}:
        busy = [player for (round_, _), match in matches.items() if round_ == number
                for player in (match.first_id, match.second_id)]  # fmt: skip
        assert len(busy) == len(set(busy))
    play(tournament, matches, order)
    found = rules.places(tournament, entries(tournament, seeded), matches.values(), GameScoring.HIGHEST)
    assert [each.player_id for each in found] == seeded
    assert [each.wins for each in found] == list(range(players - 1, -1, -1))


def test_draws_and_differences_decide_in_a_round_robin_and_nowhere_else():
    tournament, seeded, matches = begun(TournamentFormat.ROUND_ROBIN, 3)
    for match in list(matches.values()):
        pair = {match.first_id, match.second_id}
        high = (4, 4) if pair == set(seeded[:2]) else (9, 1) if match.first_id == seeded[1] else (1, 9)
        if pair == {seeded[0], seeded[2]}:
            high = (2, 1) if match.first_id == seeded[0] else (1, 2)
        for changed in rules.decide(tournament, matches, match, high, GameScoring.HIGHEST, NOW):
            matches[changed.round, changed.slot] = changed
    found = rules.places(tournament, entries(tournament, seeded), matches.values(), GameScoring.HIGHEST)
    assert [(each.player_id, each.points, each.draws, each.difference) for each in found] == [
        (seeded[1], 4, 1, 8), (seeded[0], 4, 1, 1), (seeded[2], 0, 0, -9),
    ]  # fmt: skip
    tournament, _, matches = begun(TournamentFormat.SINGLE_ELIMINATION, 3)
    with pytest.raises(MatchDrawn):
        rules.decide(tournament, matches, matches[1, 1], (3, 3), GameScoring.HIGHEST, NOW)
    for waiting in (matches[1, 0], matches[2, 0]):
        with pytest.raises(MatchNotReady):
            rules.decide(tournament, matches, waiting, (1, 2), GameScoring.HIGHEST, NOW)


async def cup(tenant, game, capacity=8, kind="SINGLE_ELIMINATION"):
    values = {"gameId": game, "name": "Cup", "format": kind, "capacity": capacity}
    return (await tenant.done("createTournament", SHOWN, **values))["id"]


async def enter(tenant, tournament, handle):
    account, _ = await tenant.player(handle)
    return await tenant.mutate("registerForTournament", SHOWN, account, id=tournament)


async def whole(tenant, tournament):
    found = (await tenant.data(WHOLE, {"id": tournament}))["tournament"]
    return found, [edge["node"] for edge in found["matches"]["edges"]]


async def test_a_cup_from_registration_to_its_winner(gaming, tenant):
    game = await tenant.game()
    tournament = await cup(tenant, game)
    for handle in ("Ada", "Ben", "Cleo"):
        assert (await enter(tenant, tournament, handle))["errors"] == []
    await tenant.play(game, "Cleo", 90)  # the best of the leaderboard is the first seed, and has the bye
    await tenant.play(game, "Ben", 10)
    started = await tenant.done("startTournament", SHOWN, id=tournament)
    assert (started["status"], started["entryCount"]) == ("RUNNING", 3)
    found, matches = await whole(tenant, tournament)
    seeds = {edge["node"]["player"]["handle"]: edge["node"]["seed"] for edge in found["entries"]["edges"]}
    assert seeds == {"Cleo": 1, "Ben": 2, "Ada": 3}
    assert [(match["round"], match["slot"], match["status"]) for match in matches] == [
        (1, 0, "BYE"), (1, 1, "READY"), (2, 0, "WAITING"),
    ]  # fmt: skip
    _, semifinal, final = (match["id"] for match in matches)
    shown = "match { status winner { handle } } tournament { status }"
    scores = {"firstScore": 3, "secondScore": 5}
    code = await tenant.refused("reportTournamentMatch", "match { id }", id=final, **scores)
    assert code == "MATCH_NOT_READY"
    assert await tenant.refused(
        "reportTournamentMatch", "match { id }", id=semifinal, firstScore=1, secondScore=1
    ) == "MATCH_DRAWN"  # fmt: skip
    payload = await tenant.mutate("reportTournamentMatch", shown, id=semifinal, **scores)
    assert payload["match"] == {"status": "DONE", "winner": {"handle": "Ada"}}
    assert payload["tournament"] == {"status": "RUNNING"}
    # The same result twice, at the same moment, is one result.
    both = await asyncio.gather(*(tenant.mutate("reportTournamentMatch", shown, id=final, **scores) for _ in range(2)))
    assert sorted(error["code"] for each in both for error in each["errors"]) in (
        ["MATCH_NOT_READY"], ["TOURNAMENT_NOT_RUNNING"],
    )  # fmt: skip
    found, _ = await whole(tenant, tournament)
    assert (found["status"], found["winner"]) == ("FINISHED", {"handle": "Ada"})
    assert [(each["place"], each["player"]["handle"], each["wins"]) for each in found["standings"]] == [
        (1, "Ada", 2), (2, "Cleo", 0), (3, "Ben", 0),
    ]  # fmt: skip
    async with gaming.database.session(RequestContext.system(tenant.id)) as session:
        rows = await session.rows(text("select data from outbox where name = 'gaming.tournament_finished'"))
    assert [(row.data["winner_id"], row.data["player_count"]) for row in rows] == [(tenant.players["Ada"][1], 3)]
    for mutation, code in (
        ("startTournament", "TOURNAMENT_NOT_OPEN"),
        ("cancelTournament", "TOURNAMENT_OVER"),
        ("registerForTournament", "TOURNAMENT_NOT_OPEN"),
        ("withdrawFromTournament", "TOURNAMENT_NOT_OPEN"),
    ):
        account, _ = tenant.players["Ben"]
        assert await tenant.refused(mutation, SHOWN, account, id=tournament) == code


async def test_no_more_are_let_in_than_there_is_room_for(tenant):
    game = await tenant.game()
    tournament = await cup(tenant, game, capacity=3)
    handles = [f"Player {number}" for number in range(6)]
    for handle in handles:
        await tenant.player(handle)
    answers = await asyncio.gather(*(enter(tenant, tournament, handle) for handle in handles))
    codes = [error["code"] for answer in answers for error in answer["errors"]]
    assert codes == ["TOURNAMENT_FULL"] * 3
    within = [handle for handle, answer in zip(handles, answers, strict=True) if not answer["errors"]]
    account, _ = tenant.players[within[0]]
    assert await tenant.refused("registerForTournament", SHOWN, account, id=tournament) == "ALREADY_REGISTERED"
    left = await tenant.done("withdrawFromTournament", SHOWN, account, id=tournament)
    assert left["entryCount"] == 2
    assert await tenant.refused("withdrawFromTournament", SHOWN, account, id=tournament) == "NOT_REGISTERED"
    assert await tenant.refused("registerForTournament", SHOWN, uuid4(), id=tournament) == "PLAYER_NOT_FOUND"
    assert (await enter(tenant, tournament, within[0]))["errors"] == []


async def test_what_is_refused(tenant):
    game = await tenant.game()
    account, _ = await tenant.player("Ada")
    tournament = await cup(tenant, game)
    assert await tenant.refused("startTournament", SHOWN, id=tournament) == "TOO_FEW_PLAYERS"
    values = {"gameId": game, "name": "Cup", "format": "ROUND_ROBIN", "capacity": 8}
    for change, code in (
        ({"capacity": 1}, "BAD_USER_INPUT"),
        ({"capacity": 33}, "BAD_USER_INPUT"),
        ({"capacity": 129, "format": "SINGLE_ELIMINATION"}, "BAD_USER_INPUT"),
        ({"name": ""}, "BAD_USER_INPUT"),
        ({"gameId": str(uuid4())}, "GAME_NOT_FOUND"),
    ):
        assert await tenant.refused("createTournament", SHOWN, **{**values, **change}) == code
    for mutation in ("startTournament", "cancelTournament", "registerForTournament", "withdrawFromTournament"):
        assert await tenant.refused(mutation, SHOWN, account, id=str(uuid4())) == "TOURNAMENT_NOT_FOUND"
    scores = {"firstScore": 3, "secondScore": 5}
    assert await tenant.refused("reportTournamentMatch", "match { id }", id=str(uuid4()), **scores) == "MATCH_NOT_FOUND"
    cancelled = await tenant.done("cancelTournament", SHOWN, id=tournament)
    assert cancelled["status"] == "CANCELLED"
    assert await tenant.refused("cancelTournament", SHOWN, id=tournament) == "TOURNAMENT_OVER"
    for mutation, scope in (("createTournament", "write"), ("registerForTournament", "play")):
        kind = "CreateTournamentInput" if scope == "write" else "TournamentIdInput"
        query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ errors {{ code }} }} }}"
        given_values = values if scope == "write" else {"id": tournament}
        refused = await tenant.subgraph.call(query, {"input": given_values}, tenant=tenant.id, scopes=["gaming:read"])
        assert refused["errors"][0]["extensions"]["missingScope"] == f"gaming:{scope}"


async def test_a_match_of_a_cancelled_tournament_has_no_result(tenant):
    game = await tenant.game(scoring="LOWEST")
    tournament = await cup(tenant, game, kind="ROUND_ROBIN")
    for handle in ("Ada", "Ben"):
        await enter(tenant, tournament, handle)
    await tenant.done("startTournament", SHOWN, id=tournament)
    _, (match,) = await whole(tenant, tournament)
    await tenant.done("cancelTournament", SHOWN, id=tournament)
    scores = {"firstScore": 3, "secondScore": 5}
    assert await tenant.refused("reportTournamentMatch", "match { id }", id=match["id"], **scores) == (
        "TOURNAMENT_NOT_RUNNING"
    )


async def test_a_page_of_tournaments_takes_as_many_statements_as_one(gaming, tenant):
    query = """{ tournaments { totalCount edges { node {
      name game { name } winner { handle } entryCount standings { place player { handle } }
      entries(first: 3) { edges { node { player { handle } } } }
      matches { edges { node { first { handle } } } } } } } }"""
    game = await tenant.game()
    counts = []
    for made in (1, 2):
        for _ in range(made):
            tournament = await cup(tenant, game)
            for handle in ("Ada", "Ben", "Cleo"):
                await enter(tenant, tournament, handle)
            await tenant.done("startTournament", SHOWN, id=tournament)
        with gaming.count_statements() as statements:
            found = (await tenant.data(query))["tournaments"]
        counts.append(len(statements))
    assert found["totalCount"] == 3
    assert counts[0] == counts[1]


async def test_another_tenants_are_not_there(gaming, tenant):
    theirs = str(demo_id("globex", "tournament", "t2"))
    assert await gaming.entities([{"__typename": "Tournament", "id": theirs}], "... on Tournament { id }") == [None]
    account, _ = await tenant.player("Ada")
    assert await tenant.refused("registerForTournament", SHOWN, account, id=theirs) == "TOURNAMENT_NOT_FOUND"
    found, matches = await whole(tenant=gaming, tournament=str(demo_id("acme", "tournament", "t1")))
    assert found["status"] == "RUNNING"
    code = await tenant.refused(
        "reportTournamentMatch", "match { id }", id=matches[1]["id"], firstScore=1, secondScore=2
    )
    assert code == "MATCH_NOT_FOUND"
