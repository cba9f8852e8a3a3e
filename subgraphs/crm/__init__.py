"""Sales: who might buy (leads), who we know (contacts), how far we are (pipelines, stages), what was done (activities).

Owns the entities `Lead` and `Contact`, both by `id`. Adds `assignedLeads` and `openLeadCount` to identity's `Account`,
`leads` to directory's `Business`; refers to both by id only. No events yet, in or out.
"""
