"""Notifications: how the platform tells a person something, within the application, by mail or by text message.

Owns the entity `Notification` by `id`, the ledger of what was sent to whom, the texts and who wants what. Refers to
identity's `Account` by id only. Listens to what other contexts tell (`consumers`); keeps no address of a member and no
code: addresses are asked for, and codes made, when a message is sent.
"""
