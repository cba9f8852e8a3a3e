"""The codes that the Brain, runs of agents and providers of integrations give, as data: `docs/errors/` has a page for
each. Codes that mean the same as the router's (`FORBIDDEN`, `RATE_LIMITED` and others) are on its pages.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["BRAIN_CODES", "PROVIDER_CODES", "RUN_CODES", "Code"]


@dataclass(frozen=True, slots=True)
class Code:
    """One code.

    Attributes:
        meaning: one sentence.
        fix: one sentence.
        where: why no example shows it; None if one does.
    """

    name: str
    meaning: str
    fix: str
    where: str | None = None


def _table(text: str) -> dict[str, Code]:
    """Reads paragraphs of `CODE`, meaning, fix, and perhaps why there is no example, one a line."""
    codes = (Code(*paragraph.split("\n")) for paragraph in text.strip().split("\n\n"))
    return {code.name: code for code in codes}


BRAIN_CODES: Final = _table("""
AGENTS_UNAVAILABLE
The subgraph that keeps runs of agents does not answer, so nobody knows whether a run was opened.
Send the request again with the `Idempotency-Key` that the message names, which finds the run if there is one.

AGENT_CREW_UNKNOWN
There is no crew of that name, such as for an integration that is not in the catalogue.
Take a name from `agentCatalogue`.

AGENT_NOT_NESTED
A run of agents asked for another run.
Have the run propose what is to be done, and start the other one yourself.

AGENT_FIELD_NOT_ALONE
Fields of the same subgraph stand beside one that agents stand behind: they would be sent there in its run's name.
Send the others in a request of their own.

AGENT_ONE_PER_REQUEST
The request calls several fields that agents stand behind.
Send each of them in a request of its own.

BUDGET_EXHAUSTED
The tenant's budget for agents is spent, and the tenant wants new runs to be refused then.
Wait for the next month, or have an owner raise the limit with `setAgentBudget`.

IDEMPOTENCY_KEY_REUSED
The `Idempotency-Key` was used for another request.
Take a new key for each request that differs, and the same one only to send the same request again.

KILL_SWITCH
Agents are stopped for this tenant.
Ask an owner of the tenant, who switches them on with `setAgentControls`.

SALEOR_BAD_REQUEST
The tenant's shop does not understand the request, such as a Saleor of another version than the graph's.
Ask for what the shop has; `brain subgraph pull saleor` fetches its schema.

SALEOR_CHANNEL_REFUSED
The request names a channel that is not the tenant's.
Leave the channel out to get the tenant's own, or name one of the tenant's.

SALEOR_COST_EXCEEDED
The tenant's shop finds the request too costly.
Ask for shorter lists, or for less in each of them.

SALEOR_ERROR
The tenant's shop could not answer, and says why only to those who run it; `saleorCode` is its own word for it.
Try again, and look into the shop's log if it stays.

SALEOR_LINK_UNAVAILABLE
The tenant's link to its shop cannot be read, or is wrong; the Brain's log says how.
Try again, and have the link mended if it stays.

SALEOR_NOT_LINKED
The tenant has no shop, or no tenant is named.
Name a tenant that has a shop, or link this one to its Saleor.

SALEOR_SHARED_REFUSED
The field shows the channels of all tenants of a Saleor that several share.
Ask for what belongs to one channel, such as `products` or `collections`.

SALEOR_TOKEN_EXPIRED
The token of the shop that the client sent in `authorization-bearer` is over.
Get another one with `tokenRefresh`, and send the request again.

SERVICE_UNAVAILABLE
A part of the platform does not answer that must say who is calling.
Try again after the time in the header `retry-after`.

TENANT_MISMATCH
Credential, host and `X-Tenant` name different tenants.
Name one tenant only.
""")
"""In `errors` of a response, beside those of the router and of subgraphs."""

RUN_CODES: Final = _table("""
AGENT_BUDGET_EXCEEDED
The next call of the language model could cost more than is left.
Raise the crew's or the tenant's budget; until then the crew's playbook does the work.
It is in the run's `note`, as the reason why the playbook did the work.

AGENT_RIGHTS_WITHDRAWN
Who asked for the run, or wrote its schedule, is no member any more, or has lost a right that the crew works with.
Have somebody ask who holds what the crew needs: `agentCrews` says what that is.
It takes a role that changes while a run is under way.

AGENT_RISK_EXCEEDED
The crew proposed something riskier than the mutation or the schedule that asked for the run admits.
Ask by a mutation, or a schedule, whose risk is as high; `agentCrews` says how risky a crew can be.
It takes a schedule of a risk below its crew's, or a crew that does not do as it says.

AGENT_RUN_OVER
A run that has ended tried to go on.
Nothing is to be done: the run's status says how it ended.
It takes a worker that does not know that its run has ended.

AGENT_RUN_STOPPED
The run may not go on: agents were stopped, or it is over.
Look at `agentControls` and at the run's status.
A run that was stopped has the code of the reason, such as `KILL_SWITCH`.

CANCELLED
Somebody has cancelled the run.
Ask for it again, or `retryAgentRun`, if it was a mistake.
It takes a run that is under way, and `cancelAgentRun`.

CREW_ACTION_UNKNOWN
An action names a tool or an argument that its crew does not propose.
Edit the action to arguments that the crew has, or reject it.

CREW_CHANGED
The crew's description has changed since the run was asked for.
Ask again, which takes the crew as it is now.

CREW_FAILED
The crew's work failed several times for a reason of ours, which is in the worker's log under the run's id.
Report the run's id, or try again with `retryAgentRun`.
It takes a fault in a crew's own code.

CREW_GRAPH_UNAVAILABLE
The graph did not answer what the run asked it, for as long as it is asked again.
Look at `/ready`, then try again with `retryAgentRun`.
It takes a graph that is away for longer than anything is waited for.

CREW_GUARDRAIL_FAILED
What the crew made breaks its rules, also after it was told so.
See in the message which rule it is, and give the crew better facts, or do this by hand.
It takes a language model that does not do as it is told.

CREW_INPUT_INVALID
The run was asked for with other arguments than the crew takes.
Correct the arguments that the message names.

CREW_OUTPUT_TOO_LARGE
A task of the crew made more than can be kept.
Ask for less at a time.
It takes a task that makes more than 200,000 characters.

CREW_READ_REFUSED
The graph refused what the crew wanted to read.
See the code in the message, which is the graph's own.
A run has the graph's own code, such as `FORBIDDEN`.

CREW_SUBJECT_MISSING
What the run is about is not there, or not for this tenant.
Correct the id in the arguments.
It takes a crew at work; the end-to-end tests send another tenant's id.

CREW_TIMED_OUT
A task of the crew took longer than it may.
Try again with `retryAgentRun`, or use a faster language model.
It takes a language model that is too slow.

GAVE_UP
A step of the run could not be done for as long as it is tried.
Look for the run's id in the worker's log, then try again with `retryAgentRun`.
It takes an outage of an hour.

INTEGRATION_OPERATION_INVALID
The integration has no such operation, or the arguments do not fit it.
Take operation and arguments from the catalogue.
It takes a crew of an integration at work.

LLM_MISCONFIGURED
The tenant's settings for its language model name no engine that can be used.
Correct provider, model and key in the tenant's settings; until then the crew's playbook does the work.
It is in the run's `note`, as the reason why the playbook did the work.

LLM_PROVIDER_UNAVAILABLE
The language model's provider does not answer, or refuses the key.
Check the key and the provider's status; until then the crew's playbook does the work.
It is in the run's `note`, as the reason why the playbook did the work.

OUTCOME_UNKNOWN
A write at a provider may have been done before the worker was stopped, and doing it again could do it twice.
Look at the provider whether it was done, and only then ask again.
It takes a worker that is killed in the middle of a write.

PROPOSAL_CHANGED
The actions that are written down are not those that the crew proposed.
Report the run's id: nothing was done.
It takes a worker and a graph that do not fit one another.

TOO_MANY_ACTIONS
The crew proposed more actions than one run may have.
Ask for less at a time.
It takes a crew that proposes more than 50 actions.

UNKNOWN_CREW
The worker has no crew of that name.
Update the worker: it is older than the Brain.

UNKNOWN_CREW_TASK
The crew has no task of that name.
Report the run's id: the worker's crews do not fit one another.
""")
"""In `AgentRun.error`, or in an action's `outcome`."""

PROVIDER_CODES: Final = _table("""
AUTHENTICATION_FAILED
The provider does not take the tenant's credentials, renewed ones neither.
Connect the integration anew.

CONNECTOR_ERROR
An operation of an integration could not be done.
See the message.
Each error has a code of its own; this is their common kind.

INVALID_ARGUMENTS
The arguments do not fit the operation; nothing was sent.
Correct the argument that the message names.

MISSING_CREDENTIALS
The tenant has not connected the integration, or not wholly.
Connect the integration: the message names what is missing.

PROVIDER_ERROR
The provider says no, or that it is broken.
See in the message what it says, and correct the arguments if it is about them.

PROVIDER_MALFORMED
The provider's answer is not what it documents, or is too large.
Try again later; if it stays, report it with the operation's name.

PROVIDER_TIMED_OUT
The provider did not answer in time.
Look at the provider whether a write was done before you try again.

PROVIDER_UNREACHABLE
There is no connection to the provider; nothing was sent.
Try again later.
""")
"""In `AgentRun.error`, or in an action's `outcome`, of crews of integrations."""
