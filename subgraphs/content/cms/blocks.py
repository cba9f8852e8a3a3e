"""The blocks of which pages' bodies are made. `domain.blocks` reads what these write."""

from django.core.validators import MaxLengthValidator, RegexValidator
from wagtail import blocks
from wagtail.images.blocks import ImageChooserBlock

__all__ = ["RICH_TEXT_FEATURES", "BodyBlock"]

RICH_TEXT_FEATURES = ["h2", "h3", "h4", "bold", "italic", "ol", "ul", "hr", "link", "document-link", "blockquote"]
"""What a rich text may hold; anything else is left out when it is written."""

_https = RegexValidator(r"^https://", "Only https addresses.")
_product_id = RegexValidator(r"^[A-Za-z0-9_\-+/=:]{1,200}$", "The id of a product, as the shop gives it.")


class HeadingBlock(blocks.StructBlock):
    """A heading of a level from 2 to 4: the page's title is the first."""

    text = blocks.CharBlock(max_length=200)
    level = blocks.ChoiceBlock(choices=[("2", "2"), ("3", "3"), ("4", "4")], default="2")


class ImageBlock(blocks.StructBlock):
    """An image with its caption."""

    image = ImageChooserBlock()
    alt = blocks.CharBlock(max_length=200, required=False, help_text="What is to be seen; empty for decoration.")
    caption = blocks.CharBlock(max_length=500, required=False)


class QuoteBlock(blocks.StructBlock):
    """Somebody's words."""

    text = blocks.TextBlock(max_length=2000)
    attribution = blocks.CharBlock(max_length=200, required=False)


class CallToActionBlock(blocks.StructBlock):
    """What the reader should do next."""

    title = blocks.CharBlock(max_length=200)
    text = blocks.TextBlock(max_length=2000, required=False)
    label = blocks.CharBlock(max_length=80)
    page = blocks.PageChooserBlock(required=False)
    url = blocks.URLBlock(required=False, max_length=1000)


class EmbedBlock(blocks.StructBlock):
    """Something of another site. It is not fetched here: who shows the page does that."""

    url = blocks.URLBlock(max_length=1000, validators=(_https,))
    title = blocks.CharBlock(max_length=200, required=False)


class ProductsBlock(blocks.StructBlock):
    """Products of the tenant's shop."""

    title = blocks.CharBlock(max_length=200, required=False)
    products = blocks.ListBlock(blocks.CharBlock(max_length=200, validators=(_product_id,)), min_num=1, max_num=24)


class FormBlock(blocks.StructBlock):
    """A form, to be filled in on this page."""

    form = blocks.PageChooserBlock(page_type="cms.FormPage")


class BodyBlock(blocks.StreamBlock):
    """A page's body."""

    heading = HeadingBlock(icon="title")
    rich_text = blocks.RichTextBlock(features=RICH_TEXT_FEATURES, validators=(MaxLengthValidator(50_000),))
    image = ImageBlock(icon="image")
    quote = QuoteBlock(icon="openquote")
    call_to_action = CallToActionBlock(icon="pick")
    embed = EmbedBlock(icon="media")
    products = ProductsBlock(icon="tag")
    form = FormBlock(icon="form")

    class Meta:
        """At most so many blocks in a body."""

        max_num = 200
        required = False
