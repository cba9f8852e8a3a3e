"""All SQL of crm, by table: `leads`, `contacts`, `pipelines` (with stages), `activities`."""

from subgraphs.crm.repository import activities, contacts, leads, pipelines

__all__ = ["activities", "contacts", "leads", "pipelines"]
