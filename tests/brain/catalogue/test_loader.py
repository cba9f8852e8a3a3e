"""The data as a whole, and what the loader refuses."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

import brain.catalogue
from brain.catalogue import Risk, load_catalogue
from brain.catalogue.export import document_json
from brain.catalogue.loader import CatalogueError, load
from brain.catalogue.reference_page import reference_page
from brain.cli import app

FOLDER = Path(brain.catalogue.__file__).parent

PLATFORM = (
    "orchestrator",
    "lead_scorer",
    "campaign_planner",
    "product_validator",
    "incident_healer",
    "tenant_analyst",
    "support",
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A catalogue to spoil: one integration."""
    (tmp_path / "integrations").mkdir()
    shutil.copytree(FOLDER / "agents", tmp_path / "agents")
    shutil.copy(FOLDER / "integrations" / "stripe.yaml", tmp_path / "integrations")
    goals = (FOLDER / "agents" / "goals.yaml").read_text()
    own = goals[goals.index("stripe:") :].split("\n")
    (tmp_path / "agents" / "goals.yaml").write_text("\n".join(own[:5]) + "\n")
    return tmp_path


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_every_agent_has_tools_within_its_ceiling() -> None:
    catalogue = load_catalogue()
    for agent in catalogue.agents.values():
        assert agent.goal.endswith(".")
        assert agent.tools, agent.name
        if agent.integration is not None:
            for tool in agent.tools:
                assert agent.ceiling.allows(catalogue.operation(tool).risk)


def test_only_executors_and_operators_have_tools_that_write() -> None:
    catalogue = load_catalogue()
    for agent in catalogue.agents.values():
        if agent.integration is not None and agent.position not in {"executor", "operator"}:
            assert {catalogue.operation(tool).risk for tool in agent.tools} == {Risk.READ}


def test_goals_are_each_their_own() -> None:
    goals = [agent.goal for agent in load_catalogue().agents.values()]
    assert len(set(goals)) == len(goals)


def test_every_integration_reads_and_writes() -> None:
    for integration in load_catalogue().integrations.values():
        risks = {operation.risk for operation in integration.operations.values()}
        assert Risk.READ in risks
        assert len(risks) > 1, integration.name
        assert integration.docs.startswith("https://")


def test_the_version_is_of_the_data(copy: Path) -> None:
    before = load(copy).version
    assert load(copy).version == before
    spoil(copy, "integrations/stripe.yaml", "title: Stripe", "title: Stripes")
    assert load(copy).version != before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: Stripe", "title: [Stripe", r"stripe.yaml:\d+: not YAML"),
        ("title: Stripe", "title: 7", "stripe.yaml:2: title: must be a text"),
        ("title: Stripe", "titel: Stripe", "stripe.yaml:1: 'title' is missing"),
        ("name: stripe", "name: strip", "stripe.yaml:1: name: must be the file's own name"),
        ("category: payments", "category: payments\ncolour: red", "stripe.yaml:4: colour: unknown"),
        ("category: payments", "category: payments\ncategory: x", "stripe.yaml:4: 'category' is there twice"),
        ("risk: WRITE", "risk: HIGH", r"create_customer.risk: must be one of READ, WRITE, MONEY"),
        ("GET /balance", "FETCH /balance", r"operations.get_balance.request: must be a method and a path"),
        ("GET /balance", "DELETE /balance", r"operations.get_balance.risk: a DELETE is no READ"),
        ("email: $email}", "email: $mail}", "uses mail, which is no argument"),
        ("/payment_intents/{payment_intent}", "/payment_intents", "never uses its argument payment_intent"),
        ("https://api.stripe.com/v1", "http://api.stripe.com/v1", "must begin with https"),
        ("https://api.stripe.com/v1", "https://{host}/v1", "the addresses use"),
        ("Bearer {secret_key}", "Bearer {token}", "'token' is used, but is not among the credentials"),
        ("health: get_balance", "health: create_refund", "stripe.yaml:23: health: must name a READ operation"),
        ("style: last_item", "style: cursor", "does not say all that the style cursor needs"),
        ("scheme: bearer", "scheme: oauth2_refresh_token", "'token' says how an access token is got"),
        ("pattern: 4", "pattern: 7", "wants a pattern of 7 agents"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(copy: Path, old: str, new: str, message: str) -> None:
    spoil(copy, "integrations/stripe.yaml", old, new)
    with pytest.raises(CatalogueError, match=message):
        load(copy)


def test_goals_must_fit_the_pattern(copy: Path) -> None:
    spoil(copy, "agents/goals.yaml", "  auditor:", "  critic:")
    with pytest.raises(CatalogueError, match=r"goals.yaml:1: stripe: 'auditor' is missing"):
        load(copy)


def test_a_role_comes_after_earlier_ones(copy: Path) -> None:
    spoil(copy, "agents/patterns.yaml", "after: [analyst]", "after: [reviewer]")
    with pytest.raises(CatalogueError, match="which does not come before it"):
        load(copy)


def test_there_are_40_integrations_and_93_agents() -> None:
    catalogue = load_catalogue()
    of_pattern = Counter(integration.pattern for integration in catalogue.integrations.values())
    assert of_pattern == {4: 6, 3: 8, 2: 12, 1: 14}
    platform = [agent.name for agent in catalogue.agents.values() if agent.integration is None]
    assert sorted(platform) == sorted(PLATFORM)
    assert len(catalogue.integrations) == 40
    assert len(catalogue.agents) == 93
    for integration in catalogue.integrations.values():
        assert len(catalogue.agents_of(integration.name)) == integration.pattern


def test_what_is_generated_is_of_this_data() -> None:
    root = FOLDER.parent.parent
    catalogue = load_catalogue()
    assert (root / "schema" / "agent-catalogue.json").read_text() == document_json(catalogue)
    assert (root / "docs" / "reference" / "catalogue.md").read_text() == reference_page(catalogue)


def test_the_command_counts_and_shows() -> None:
    runner = CliRunner()
    counts = runner.invoke(app, ["agents", "catalogue", "--counts"])
    assert counts.stdout.splitlines()[-1] == "40 integrations, 93 agents"
    assert "woocommerce" in runner.invoke(app, ["agents", "catalogue"]).stdout
    shown = runner.invoke(app, ["agents", "catalogue", "stripe"]).stdout
    assert "MONEY create_refund(payment_intent, [amount], [reason])" in shown
    assert "may propose up to READ" in runner.invoke(app, ["agents", "catalogue", "stripe_auditor"]).stdout
    unknown = runner.invoke(app, ["agents", "catalogue", "strip"])
    assert unknown.exit_code == 1
    assert "there is no integration or agent 'strip'" in unknown.stderr
