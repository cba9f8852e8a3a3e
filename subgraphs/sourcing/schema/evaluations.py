"""Evaluations: what was reckoned with, and what came of it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Self

import strawberry

from resolvers.ids import wire_id
from resolvers.pagination import Connection
from resolvers.scalars import ExactDecimal
from subgraphs.sourcing.domain import candidates as domain
from subgraphs.sourcing.domain import costs
from subgraphs.sourcing.schema.arguments import INTERNAL, Account, exact, maybe, user_of

__all__ = ["CostInputsInput", "SourcingEvaluation", "SourcingEvaluationConnection"]

_ZERO = ExactDecimal(Decimal(0))


@strawberry.input(
    name="SourcingCostsInput", description="What one article is reckoned with. Percentages have up to four places."
)
class CostInputsInput:
    currency: str = strawberry.field(description="In which it is sold; ISO 4217.")
    selling_price: ExactDecimal = strawberry.field(description="What the customer pays, tax included; whole coins.")
    purchase_currency: str = strawberry.field(description="In which the supplier is paid; ISO 4217.")
    purchase_price: ExactDecimal = strawberry.field(description="What the supplier asks for one.")
    shipping_cost: ExactDecimal = strawberry.field(default=_ZERO, description="Freight for one.")
    exchange_rate: ExactDecimal | None = strawberry.field(
        default=None, description="How much of `currency` one of `purchaseCurrency` is. Null where both are one."
    )
    rate_date: date | None = strawberry.field(default=None, description="Of the rate; goes with it.")
    hs_code: str | None = strawberry.field(default=None, description="Of the customs tariff, 6 to 10 digits.")
    duty_percent: ExactDecimal = strawberry.field(default=_ZERO, description="On price and freight.")
    import_tax_percent: ExactDecimal = strawberry.field(
        default=_ZERO, description="VAT or GST on price, freight and duty."
    )
    tax_recoverable: bool = strawberry.field(default=True, description="Whether that is given back, and so no cost.")
    sales_tax_percent: ExactDecimal = strawberry.field(default=_ZERO, description="VAT or GST in the selling price.")
    referral_percent: ExactDecimal = strawberry.field(
        default=_ZERO, description="What the channel takes of the selling price."
    )
    referral_minimum: ExactDecimal = strawberry.field(default=_ZERO, description="What it takes at least.")
    fulfilment_fee: ExactDecimal = strawberry.field(default=_ZERO, description="Picking, packing and sending one.")
    returns_percent: ExactDecimal = strawberry.field(
        default=_ZERO, description="Of the net price, set aside for what comes back."
    )

    def inputs(self) -> costs.CostInputs:
        """For the domain, unchecked."""
        return costs.CostInputs(
            currency=self.currency,
            selling_price=self.selling_price,
            purchase_currency=self.purchase_currency,
            purchase_price=self.purchase_price,
            shipping_cost=self.shipping_cost,
            exchange_rate=self.exchange_rate,
            rate_date=self.rate_date,
            hs_code=self.hs_code,
            duty_percent=self.duty_percent,
            import_tax_percent=self.import_tax_percent,
            tax_recoverable=self.tax_recoverable,
            sales_tax_percent=self.sales_tax_percent,
            referral_percent=self.referral_percent,
            referral_minimum=self.referral_minimum,
            fulfilment_fee=self.fulfilment_fee,
            returns_percent=self.returns_percent,
        )


@strawberry.federation.type(tags=INTERNAL, description="What one article was reckoned with.")
class SourcingCostInputs:
    selling_price: ExactDecimal = strawberry.field(description="Tax included.")
    purchase_currency: str = strawberry.field(description="In which the supplier is paid.")
    purchase_price: ExactDecimal = strawberry.field(description="What the supplier asks for one.")
    shipping_cost: ExactDecimal = strawberry.field(description="Freight for one.")
    exchange_rate: ExactDecimal | None = strawberry.field(description="Null where both currencies are one.")
    rate_date: date | None = strawberry.field(description="Of the rate.")
    hs_code: str | None = strawberry.field(description="Of the customs tariff.")
    duty_percent: ExactDecimal = strawberry.field(description="On price and freight.")
    import_tax_percent: ExactDecimal = strawberry.field(description="On price, freight and duty.")
    tax_recoverable: bool = strawberry.field(description="Whether that is given back.")
    sales_tax_percent: ExactDecimal = strawberry.field(description="In the selling price.")
    referral_percent: ExactDecimal = strawberry.field(description="Of the selling price.")
    referral_minimum: ExactDecimal = strawberry.field(description="At least.")
    fulfilment_fee: ExactDecimal = strawberry.field(description="For one.")
    returns_percent: ExactDecimal = strawberry.field(description="Of the net price.")

    @classmethod
    def of(cls, given: costs.CostInputs) -> Self:
        """As the domain has it."""
        numbers = (
            "selling_price purchase_price shipping_cost duty_percent import_tax_percent sales_tax_percent "
            "referral_percent referral_minimum fulfilment_fee returns_percent"
        )
        return cls(
            purchase_currency=given.purchase_currency,
            exchange_rate=maybe(given.exchange_rate),
            rate_date=given.rate_date,
            hs_code=given.hs_code,
            tax_recoverable=given.tax_recoverable,
            **{name: exact(getattr(given, name)) for name in numbers.split()},
        )


@strawberry.federation.type(
    tags=INTERNAL,
    description="What one article costs and leaves, in whole coins of `currency`; the amounts add up to `profit`.",
)
class SourcingEvaluation:
    id: strawberry.ID = strawberry.field(description="Of the evaluation; approvals are of one.")
    inputs: SourcingCostInputs = strawberry.field(description="What it rests on.")
    currency: str = strawberry.field(description="In which it is sold.")
    goods: ExactDecimal = strawberry.field(description="The supplier's price.")
    freight: ExactDecimal = strawberry.field(description="Shipping.")
    duty: ExactDecimal = strawberry.field(description="Customs duty.")
    import_tax: ExactDecimal = strawberry.field(description="VAT or GST that is paid, given back or not.")
    landed_cost: ExactDecimal = strawberry.field(description="Of one by the time it is here.")
    net_price: ExactDecimal = strawberry.field(description="The selling price without the tax in it.")
    referral_fee: ExactDecimal = strawberry.field(description="What the channel takes.")
    fulfilment_fee: ExactDecimal = strawberry.field(description="Picking, packing and sending.")
    returns_reserve: ExactDecimal = strawberry.field(description="Set aside for what comes back.")
    profit: ExactDecimal = strawberry.field(description="What is left; below zero for a loss.")
    margin_percent: ExactDecimal = strawberry.field(description="What is left of the net price.")
    break_even_price: ExactDecimal | None = strawberry.field(
        description="The lowest selling price at which nothing is lost; null where fees and reserves take all of it."
    )
    evaluated_by: Account | None = strawberry.field(description="Null: costs have changed by themselves.")
    created_at: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, found: domain.Evaluation) -> Self:
        """As the domain has it."""
        amounts = (
            "goods freight duty import_tax landed_cost net_price referral_fee fulfilment_fee returns_reserve profit "
            "margin_percent"
        )
        return cls(
            id=wire_id(found.id),
            inputs=SourcingCostInputs.of(found.inputs),
            currency=found.costs.currency,
            break_even_price=maybe(found.costs.break_even_price),
            evaluated_by=user_of(found.evaluated_by),
            created_at=found.created_at,
            **{name: exact(getattr(found.costs, name)) for name in amounts.split()},
        )


@strawberry.federation.type(tags=INTERNAL, description="A page of evaluations, the newest first.")
class SourcingEvaluationConnection(Connection[SourcingEvaluation]):
    pass
