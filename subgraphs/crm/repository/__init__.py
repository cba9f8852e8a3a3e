"""All SQL of crm, by table: `leads`, `contacts`, `pipelines` (with stages), `activities`, `scores`."""

from subgraphs.crm.repository import activities, contacts, leads, pipelines, scores

__all__ = ["activities", "contacts", "leads", "pipelines", "scores"]
