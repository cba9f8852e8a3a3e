"""Gaming: who plays what, and who is best at it.

Owns the entities `Game`, `Player`, `GameSession`, `Season` and `Achievement`, by `id`; adds `player` to identity's
`Account`. Tells of `gaming.session_finished` and `gaming.achievement_awarded`; listens to nothing. Leaderboards are
PostgreSQL's, with a copy in Redis: see `boards`.
"""
