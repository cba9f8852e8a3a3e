"""Integrations at work: the crews of the catalogue, and how their operations are done for a tenant.

crews = all_crews()                       the platform's crews and one for each integration
graph = ConnectedAccess(..., connector)   the graph as runs reach it, with integrations' operations in it
VaultCredentials(vault)                   tenants' credentials
"""

from brain.integrations.crews import all_crews, crew_name, integration_crews

__all__ = ["all_crews", "crew_name", "integration_crews"]
