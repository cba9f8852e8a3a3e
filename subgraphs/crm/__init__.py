"""Sales: who might buy (leads), who we know (contacts), how far we are (pipelines, stages), what was done (activities).

Owns the entities `Lead`, `Contact` and `CrmTask`, by `id`. Adds `assignedLeads` and `openLeadCount` to identity's
`Account`, `leads` to directory's `Business`; refers to both by id only. Listens to
`directory.review_posted` and `storefront.order_placed`, which contacts' timelines show, as they show
`campaigns.contact_messaged` and `campaigns.contact_unsubscribed`; who orders becomes a contact. Who sends a form of
the site (`content.form_submitted`) becomes a contact and a lead. Whom work may be given to is known by
`identity.member_joined`, `identity.member_confirmed` and `identity.member_removed`.
Tells of `crm.contact_changed`, `crm.contact_deleted`, `crm.contacts_merged`, `crm.lead_entered_stage`,
`crm.task_created` and `crm.task_completed`.
"""
