"""Sourcing: what could be sold, what it would cost by the time it is here, and what comes of what is listed.

Owns the entities `SourcingCandidate`, `SourcingPriceProposal` and `DropshipOrder`, all by `id`. Refers to the shop's
products and variants, to agents' `AgentRun` and to identity's `Account` by their keys only. Listens to
`storefront.order_placed`. Tells of
`sourcing.candidate_approved`, `sourcing.candidate_listed`, `sourcing.candidate_delisted`, `sourcing.price_changed`,
`sourcing.selling_price_changed`, `sourcing.stock_changed` and `sourcing.dropship_order_changed`.
"""
