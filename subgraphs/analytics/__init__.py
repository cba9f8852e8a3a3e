"""Analytics: what the events of the other contexts come to.

Owns the entity `Metric`, by `id`. Listens to every event that a rule of `domain.catalogue` counts; tells of nothing.
"""
