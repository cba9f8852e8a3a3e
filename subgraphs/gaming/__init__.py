"""Gaming: who plays what, and who is best at it.

Owns the entities `Game`, `Player`, `GameSession`, `Season`, `Achievement`, `Tournament` and `TournamentMatch`, by `id`;
adds `player` to identity's `Account`. Tells of `gaming.session_finished`, `gaming.achievement_awarded` and
`gaming.tournament_finished`; listens to nothing. Leaderboards are PostgreSQL's, with a copy in Redis: see `boards`.
"""
