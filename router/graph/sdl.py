"""Parsing SDL: as `graphql.parse` does, to the same document and with the same errors, in two thirds of the time.

graphql-core's lexer looks at one character after the other. This one takes names, punctuation and most strings with one
regular expression, and leaves everything else, above all what is wrong, to graphql-core's.
"""

import re

from graphql import DocumentNode, GraphQLSyntaxError, Source
from graphql.language import Lexer, Token, TokenKind
from graphql.language.block_string import dedent_block_string_lines
from graphql.language.parser import Parser

__all__ = ["SdlLexer", "parse_sdl"]

# Surrogates are no characters and carriage returns are counted in their own way: neither is here, so that both go to
# graphql-core.
_TOKEN = re.compile(
    r"""(?:[ \t\n,\ufeff]|\#[^\n\r\ud800-\udfff]*+(?=\n))*+"""
    r"""(?:([_A-Za-z][_0-9A-Za-z]*+)"""
    r"""|([!$&()\[\]{|}:=@])"""
    r'''|"(?!"")([^"\\\n\r\ud800-\udfff]*+)"'''
    r'''|"""((?:[^"\\\r\ud800-\udfff]|"(?!""))*+)""")''',
    re.VERBOSE,
).match
_NAME, _PUNCTUATION, _STRING = 1, 2, 3
_COMMENT = TokenKind.COMMENT
_KINDS = {kind.value: kind for kind in TokenKind if len(kind.value) == 1}


def parse_sdl(source: str | Source, *, no_location: bool = False) -> DocumentNode:
    """Parses type system definitions.

    Args:
        no_location: leaves out where in the source each node stands.

    Raises:
        GraphQLError: it is not GraphQL, or nested too deeply.
    """
    text = source if isinstance(source, Source) else Source(source)
    try:
        return _SdlParser(text, no_location=no_location, lexer=SdlLexer(text)).parse_document()
    except RecursionError:
        raise GraphQLSyntaxError(text, 0, "Document is nested too deeply to be parsed.") from None


class SdlLexer(Lexer):
    """Gives the tokens that graphql-core's lexer gives, comments apart, which are skipped."""

    def advance(self) -> Token:
        """Goes to the next token."""
        token = self.last_token = self.token
        following = token.next
        if following is None or following.kind is _COMMENT:
            following = self.lookahead()
        self.token = following
        return following

    def lookahead(self) -> Token:
        """The next token, without going there."""
        token = self.token
        if token.next is not None or token.kind is TokenKind.EOF:
            return super().lookahead()
        following = self.read_next_token(token.end)
        token.next = following
        following.prev = token
        return super().lookahead() if following.kind is _COMMENT else following

    def read_next_token(self, start: int) -> Token:
        """The first token at or after a position."""
        body = self.source.body
        match = _TOKEN(body, start)
        if match is None:
            return super().read_next_token(start)
        group = match.lastindex
        begin, end = match.span(group)  # type: ignore[arg-type]  # some group has matched
        newlines = body.count("\n", start, begin)
        if newlines:
            self.line += newlines
            self.line_start = body.rindex("\n", start, begin) + 1
        column = 1 + begin - self.line_start
        if group == _NAME:
            return Token(TokenKind.NAME, begin, end, self.line, column, body[begin:end])
        if group == _PUNCTUATION:
            return Token(_KINDS[body[begin]], begin, end, self.line, column)
        if group == _STRING:
            return Token(TokenKind.STRING, begin - 1, end + 1, self.line, column - 1, body[begin:end])
        return self._block_string(begin, end)

    def _block_string(self, begin: int, end: int) -> Token:
        """A block string whose content is between the two positions."""
        lines = self.source.body[begin:end].split("\n")
        value = "\n".join(dedent_block_string_lines(lines))
        token = Token(TokenKind.BLOCK_STRING, begin - 3, end + 3, self.line, begin - 2 - self.line_start, value)
        if len(lines) > 1:
            self.line += len(lines) - 1
            self.line_start = self.source.body.rindex("\n", begin, end) + 1
        return token


class _SdlParser(Parser):
    def advance_lexer(self) -> None:
        """Goes to the next token; there is no limit on their number, so that they need not be counted."""
        self._lexer.advance()
