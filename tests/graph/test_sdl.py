"""Our lexer gives graphql-core's tokens, documents and errors, whatever the text is."""

import pytest
from graphql import GraphQLError, Source, parse, print_ast
from graphql.language import DocumentNode, Lexer, Token, TokenKind
from hypothesis import given, settings
from hypothesis import strategies as st

from router.graph.sdl import SdlLexer, parse_sdl
from tests.composition.fuzz import fuzzed


def tokens(lexer: Lexer) -> list[Token | str]:
    """All tokens but comments, and at the end what is wrong with the text, if anything is."""
    found: list[Token | str] = []
    try:
        while True:
            found.append(lexer.advance())
            if lexer.token.kind is TokenKind.EOF:
                return found
    except GraphQLError as error:
        return [*found, str(error)]


def parsed(text: str, *, fast: bool) -> tuple[DocumentNode | None, str]:
    try:
        return (parse_sdl(text) if fast else parse(text)), ""
    except GraphQLError as error:
        return None, error.message if "nested too deeply" in error.message else str(error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#",
        "# only\n",
        "\ufefftype A { b: C } # end",
        "type A{b(c:Int=1,d:Float=-1.5e3):[C!]!@e}\r\n#x\r\ntype\rB",
        '"" """""" "a" """a"""  """""a""" """a\\"""b""" """a"b""c""" """a""""',
        '"""\n  one\n    two\n\n  three\n"""\nscalar A "s" scalar B',
        '"""one\r\ntwo""" scalar A',
        '"a\\u00e9\\n" "é😀" "unended\n',
        '"""unended "',
        "# \ud800\ntype A",
        '"\ud83d\ude00" # \ud83d\ude00\n"""\ud800"""',
        "query($a: A = $b) { ...c @d(e: 1) | & }",
        "type Aé { b: C }",
        "..",
        "'a'",
        "00",
    ],
)
def test_tokens_are_those_of_graphql_core(text: str) -> None:
    assert tokens(SdlLexer(Source(text))) == tokens(Lexer(Source(text)))


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet=st.sampled_from('"""\\\n\r \t,#ab1-.{}[]()!:=@|&$é\ud800\ufeff'), max_size=40))
def test_tokens_of_any_text(text: str) -> None:
    assert tokens(SdlLexer(Source(text))) == tokens(Lexer(Source(text)))


def test_documents_locations_and_errors_are_those_of_graphql_core() -> None:
    accepted = 0
    for seed in range(150):
        for sdl in fuzzed(seed).values():
            text = sdl[:100_000]
            (document, problem), (expected, wrong) = parsed(text, fast=True), parsed(text, fast=False)
            if "nested too deeply" in problem + wrong:  # how deep it may be depends on who asks
                continue
            assert problem == wrong
            assert document == expected
            if document is not None and expected is not None:
                accepted += 1
                places = [[str(node.loc) for node in of.definitions] for of in (document, expected)]
                assert places[0] == places[1]
                assert print_ast(document) == print_ast(expected)
    assert accepted > 80


def test_without_locations() -> None:
    document = parse_sdl("type Query { a: Int }", no_location=True)
    assert document == parse("type Query { a: Int }", no_location=True)
    assert document.loc is None


def test_the_lexer_can_look_ahead_and_stays() -> None:
    lexer = SdlLexer(Source("a # b\n{ c"))
    lexer.advance()
    assert [lexer.lookahead().value, lexer.lookahead().kind] == [None, TokenKind.BRACE_L]
    assert lexer.token.value == "a"
    assert [lexer.advance().kind, lexer.advance().value] == [TokenKind.BRACE_L, "c"]
