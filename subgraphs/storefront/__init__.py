"""The storefront: what a shop needs beside its Saleor.

Adds to Saleor's ``Product`` and ``ProductVariant`` (``@key(fields: "id channel")``): profit margin, supplier offers,
promise of delivery, seller, similar products, questions and answers, and what the asking user has noted about them.
Owns the entities ``Supplier`` and ``SupplierOffer`` (``@key(fields: "id")``), wishlists, recently viewed products,
subscriptions to what is sold out, and carts, each of which points at one of Saleor's checkouts. Refers to ``Account``,
``Business`` and ``Order`` by id alone. Tells of
``storefront.order_placed``, which it learns from the shop's webhook. Listens to ``sourcing.candidate_listed``,
``sourcing.candidate_delisted``, ``sourcing.price_changed`` and ``sourcing.stock_changed``: what is sourced is an offer.
"""
