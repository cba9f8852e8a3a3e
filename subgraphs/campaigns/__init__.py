"""Campaigns: messages to the people of a segment, planned, approved, sent at most once each, and measured.

Owns the entities `Campaign` and `Segment`, both by `id`. Refers to crm's `Contact` by id only. Listens to
`crm.contact_changed`, `crm.contact_deleted` and `crm.contacts_merged`, of which it makes the people that segments find,
and to `storefront.order_placed`. Tells of `campaigns.campaign_started`, `campaigns.campaign_finished`,
`campaigns.contact_messaged` and `campaigns.contact_unsubscribed`.
"""
