"""A headless CMS on Wagtail.

Owns the entity `ContentPage`, by `id`. Tells of `content.page_published`, `content.page_unpublished` and
`content.form_submitted`; listens to nothing. Reads and what visitors send are the kit's SQL over Wagtail's tables; what
editors change is Wagtail's own work, in `cms`.
"""
