"""From tree to text."""

import pytest

from proxy.policy.conditions import canonical, parse


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a&&(b&&c)", "a && b && c"),
        ("(a||b)&&c", "(a || b) && c"),
        ("a||(b&&c)", "a || b && c"),
        ("!(a)", "!a"),
        ("!(!a)", "!(!a)"),
        ("!(a==b)", "!(a == b)"),
        ("(-a).b", "(-a).b"),
        ("-(a.b)", "-a.b"),
        ("(-1).size()", "(-1).size()"),
        ("-(-1)", "-(-1)"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a-b)-c", "a - b - c"),
        ("a*(b+c)", "a * (b + c)"),
        ("a<b==c", "(a < b) == c"),  # CEL, but nobody reads it right
        ("a?(b?c:a):(c?a:b)", "a ? (b ? c : a) : c ? a : b"),
        ("(a?b:c)?a:b", "(a ? b : c) ? a : b"),
        ("(a?b:c).d", "(a ? b : c).d"),
        ("a['b']", "a.b"),
        ("a['b c']", 'a["b c"]'),
        ("a['in']", 'a["in"]'),  # a word of ours, so not after a point
        ("has(a['b-c'])", 'has(a["b-c"])'),
        ("a[ 0 ]", "a[0]"),
        ("a.exists( x,x==1 )", "a.exists(x, x == 1)"),
        ("(a+b).all(x,x)", "(a + b).all(x, x)"),
        ("[ 1,2 ]", "[1, 2]"),
        ("f( )", "f()"),
        ("0x10", "16"),
        ("1e3", "1000.0"),
        (".5", "0.5"),
        ("1e999", "1e999"),
        ("-1e999", "-1e999"),
        ("1e-7", "1e-07"),
        ("'a\"'", '"a\\""'),
        (r"'\u00e9\x07'", '"é\\u0007"'),  # what a reader can see, and what not
        (r"'\U0001F600\u200b'", '"😀\\u200b"'),
        (r"r'\d'", '"\\\\d"'),
        ("null == true", "null == true"),
    ],
)
def test_canonical(text: str, written: str) -> None:
    """There is one spelling for every tree, with no more brackets than a reader needs."""
    assert canonical(parse(text)) == written
    assert parse(written) == parse(text)
