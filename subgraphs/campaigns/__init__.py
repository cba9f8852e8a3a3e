"""Campaigns: messages to the people of a segment, planned, approved, sent at most once each, and measured.

Owns the entities `Campaign` and `Segment`, both by `id`. Refers to crm's `Contact` by id only. Listens to
`crm.contact_changed`, `crm.contact_deleted`, `crm.contacts_merged`, `crm.lead_changed` and `crm.lead_deleted`, of which
it makes the people that segments find, to `storefront.order_placed`, and to `agents.run_ended`.
Tells of `campaigns.campaign_started`, `campaigns.campaign_finished`, `campaigns.contact_messaged`,
`campaigns.contact_responded` and `campaigns.contact_unsubscribed`.
"""
