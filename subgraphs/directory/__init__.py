"""The directory: business listings, whose they are, categories, opening hours, reviews, search with facets.

Owns the entities ``Business``, ``BusinessCategory`` and ``Review``, each ``@key(fields: "id")``. Refers to ``Account``
(owner of a listing, author of a review) by id alone. Tells of ``directory.review_posted``,
``directory.review_moderated``, ``directory.claim_code_requested``, ``directory.business_claimed`` and
``directory.ownership_ended``; listens to nothing.
"""
