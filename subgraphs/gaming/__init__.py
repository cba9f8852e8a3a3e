"""Gaming: who plays what, and who is best at it.

Owns the entities `Game`, `Player` and `GameSession`, by `id`; adds `player` to identity's `Account`. Tells of
`gaming.session_finished`; listens to nothing.
"""
