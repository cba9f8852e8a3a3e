import pytest
from graphql import parse

from router.graph.federation_spec import FEDERATION, FeatureUrl, read_features


@pytest.mark.parametrize(
    ("text", "identity", "version", "name"),
    [
        ("https://specs.apollo.dev/federation/v2.14", FEDERATION, (2, 14), "federation"),
        ("https://example.org/a/b/notes/v1.0", "https://example.org/a/b/notes", (1, 0), "notes"),
    ],
)
def test_urls(text: str, identity: str, version: tuple[int, int], name: str) -> None:
    url = FeatureUrl.parse(text)
    assert url is not None
    assert (url.identity, url.version, url.name) == (identity, version, name)
    assert str(url) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "notes",
        "https://example.org/notes",
        "https://example.org/notes/v1",
        "v1.0",
        "https://example.org/notes/v1.0/",
    ],
)
def test_what_is_no_versioned_url(text: str) -> None:
    assert FeatureUrl.parse(text) is None


@pytest.mark.parametrize(
    ("have", "want", "fits"),
    [((2, 3), (2, 1), True), ((2, 1), (2, 3), False), ((3, 0), (2, 0), False), ((0, 2), (0, 1), False)],
)
def test_later_minor_versions_satisfy_earlier_ones(have: tuple[int, int], want: tuple[int, int], fits: bool) -> None:
    assert FeatureUrl(FEDERATION, have).satisfies(FeatureUrl(FEDERATION, want)) is fits


def test_names_follow_imports_renames_and_namespaces() -> None:
    (feature,) = read_features(
        parse(
            'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", as: "fed",'
            ' import: [{name: "@key", as: "@pk"}, "@tag", "FieldSet"])'
        )
    )
    assert [feature.directive(name) for name in ("key", "tag", "external")] == ["pk", "tag", "fed__external"]
    assert [feature.type(name) for name in ("FieldSet", "Scope")] == ["FieldSet", "fed__Scope"]
    assert feature.owns_directive("pk")
    assert feature.owns_directive("fed__anything")
    assert not feature.owns_directive("key")
    assert feature.owns_type("FieldSet")
    assert not feature.owns_type("Scope")


def test_link_may_itself_be_renamed() -> None:
    features = read_features(
        parse(
            'schema @uses(url: "https://specs.apollo.dev/link/v1.0", as: "uses")'
            ' @uses(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) { query: Query }'
        )
    )
    assert [feature.url.name for feature in features] == ["link", "join"]
    assert features[1].purpose == "EXECUTION"


def test_what_cannot_be_read_is_left_out() -> None:
    assert (
        read_features(parse('extend schema @link @link(url: 1) @link(url: "no") @other(url: "https://a.b/c/v1.0")'))
        == ()
    )
