"""Java's regular expressions: as Java reads them, in linear time, or told as unreadable."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchdog.topology import java_pattern
from watchdog.topology.filters import literal_names, name_filter, split_list


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        pytest.param(r"dataflow\.oltp\.orders", "dataflow.oltp.orders", True, id="literal"),
        pytest.param(r"dataflow\.oltp\.orders", "dataflow.oltp.orders2", False, id="anchored at its end"),
        pytest.param(r"oltp\.orders", "dataflow.oltp.orders", False, id="anchored at its start"),
        pytest.param("a.c", "abc", True, id="a bare dot is any character"),
        pytest.param(r"dataflow\..*", "dataflow.", True, id="literal and anything"),
        pytest.param(r"^dataflow\..*$", "dataflow.x", True, id="with anchors of its own"),
        pytest.param("a|ab", "ab", True, id="the alternative that fits as a whole"),
        pytest.param(r"\Qa.b\E.*", "a.bc", True, id="quoted"),
        pytest.param(r"\Qa.b\E.*", "axbc", False, id="quoted, no dot"),
        pytest.param(r"(?i)ORDERS", "orders", True, id="flag"),
        pytest.param(r"(?!secret).*", "orders", True, id="lookahead"),
        pytest.param(r"(?!secret).*", "secrets", False, id="lookahead that does not fit"),
        pytest.param(r"dataflow\.(?!tmp_|old_)\w+", "dataflow.tmp_x", False, id="lookahead after a literal"),
        pytest.param(r"dataflow\.(?!(tmp|old)_)\w+", "dataflow.orders", True, id="lookahead with a group"),
        pytest.param(r"(?=data)(?!dataflow\.x).*", "dataflow.y", True, id="two lookaheads"),
        pytest.param(r"(?=data)(?!dataflow\.x).*", "dataflow.x", False, id="two lookaheads, the second not"),
        pytest.param(r"a\x41", "aA", True, id="hex"),
        pytest.param(r"(a)\1", "aa", None, id="backreference"),
        pytest.param("a*+", "aaa", None, id="possessive"),
        pytest.param("(?>a|ab)c", "abc", None, id="atomic"),
        pytest.param("(?<=x)a", "a", None, id="lookbehind"),
        pytest.param("[a-z&&[^b]]", "a", None, id="intersection, which RE2 would read otherwise"),
        pytest.param("[a[bc]]", "b", None, id="union, which RE2 would read otherwise"),
        pytest.param("a(?!b)c|d", "d", None, id="lookahead in an alternative"),
        pytest.param("((?!a).)*", "b", None, id="lookahead that is repeated"),
        pytest.param("(", "(", None, id="broken"),
        pytest.param("x" * 300_000, "x", None, id="absurdly long"),
        pytest.param("", "", True, id="empty"),
        pytest.param("ü.*", "über", True, id="not ascii"),
    ],
)
def test_a_pattern_matches_as_javas_does_or_says_that_it_cannot_be_read(
    pattern: str, text: str, wanted: bool | None
) -> None:
    found = java_pattern(pattern)
    assert found.matches(text) is wanted
    assert bool(found.unreadable) is (wanted is None)


@pytest.mark.parametrize(
    ("pattern", "text", "replacement", "wanted"),
    [
        pytest.param(r"dataflow\.oltp\.(.*)", "dataflow.oltp.orders", "dw_$1", "dw_orders", id="group"),
        pytest.param(r"(.*)shard_(\d)(.*)", "a_shard_1b", "$1all$3", "a_allb", id="groups"),
        pytest.param(r"(?<t>.*)\.x", "a.x", "${t}", "a", id="named group"),
        pytest.param("(a)(b)", "ab", "$12", "a2", id="no group 12: group 1 and a 2"),
        pytest.param("(a)(b)", "ab", r"\$1\\", "$1\\", id="escaped"),
        pytest.param("(a)(x)?(b)", "ab", "[$2]", "[]", id="a group that took no part"),
        pytest.param("a|ab", "ab", "X", "Xb", id="Java finds anew, and less"),
        pytest.param("(?!b)a(.*)", "abc", "$1", "bc", id="with lookahead"),
        pytest.param("abc", "abc", "x", "x", id="literal"),
        pytest.param("ab.*", "abc", "x$0", "xabc", id="the whole"),
        pytest.param("(a)", "a", "$2", None, id="no such group: Java throws"),
        pytest.param("(a)", "a", "${no}", None, id="no such name: Java throws"),
        pytest.param("(a)", "a", "$", None, id="a bare dollar: Java throws"),
        pytest.param("(a)", "a", "x\\", None, id="a bare backslash: Java throws"),
        pytest.param("(", "a", "x", None, id="unreadable"),
    ],
)
def test_the_replacement_is_javas(pattern: str, text: str, replacement: str, wanted: str | None) -> None:
    assert java_pattern(pattern).replaced(text, replacement) == wanted


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        (r"dataflow\.oltp\..*", "dataflow.oltp."),
        (r"dataflow\.(a|b)", "dataflow."),
        (r"dataflows*", "dataflow"),
        (r"a|dataflow", ""),
        (r"db\.(?!x).*", "db."),
        (".*", ""),
    ],
)
def test_what_all_that_matches_begins_with(pattern: str, prefix: str) -> None:
    assert java_pattern(pattern).prefix == prefix


@given(st.text(alphabet=r"ab.*+?()[]{}|^$\&!=<>:,0-9" + "ü\ud800\n", max_size=40), st.text(max_size=20))
@settings(max_examples=400, deadline=None)
def test_no_pattern_whatever_raises_and_a_prefix_never_lies(pattern: str, text: str) -> None:
    found = java_pattern(pattern)
    if found.matches(text):
        assert text.startswith(found.prefix)
        found.replaced(text, pattern)
    assert found.matches(text) in (True, False, None)


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)(.*)b", "(a?){500}a{500}", "(?!(a+)+b)c"]
)
def test_what_makes_others_hang_takes_no_time(pattern: str) -> None:
    found = java_pattern(pattern)
    started = time.process_time()
    found.matches("a" * 5000)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a, b ,,c", ("a", "b", "c")),
        (r"a{1\,2},b", ("a{1,2}", "b")),
        (r"oltp\.a", (r"oltp\.a",)),
        ("a\\", ("a\\",)),
        ("", ()),
    ],
)
def test_lists_are_split_as_debezium_splits_them(text: str, parts: tuple[str, ...]) -> None:
    assert split_list(text) == parts


@pytest.mark.parametrize(
    ("include", "exclude", "passes", "fails"),
    [
        pytest.param(r"oltp\.a,oltp\.b.*", "", ["oltp.a", "OLTP.B9"], ["oltp.ab", "x.oltp.a"], id="include"),
        pytest.param("", r"oltp\.a", ["oltp.b"], ["oltp.a", "oltp.A"], id="exclude"),
        pytest.param("oltp.a", r"oltp\.a", ["oltp.a"], ["oltp.b"], id="an include list silences the exclude list"),
        pytest.param("(,oltp", "", ["oltp", "anything"], [], id="unreadable includes all"),
        pytest.param("", "(,oltp", ["oltp", "anything"], [], id="unreadable excludes none"),
        pytest.param(r"shop_[0-9]{1\,2}", "", ["shop_1", "shop_12"], ["shop_123"], id="comma in a quantifier"),
        pytest.param(",".join(f"db{n}.t.*" for n in range(20)), "", ["db7.t1"], ["db7x"], id="many are matched as one"),
    ],
)
def test_include_and_exclude_lists(include: str, exclude: str, passes: list[str], fails: list[str]) -> None:
    found = name_filter(include, exclude)
    assert found is not None
    assert [name for name in (*passes, *fails) if found.passes(name)] == passes


def test_a_list_of_thousands_of_tables_takes_no_time_for_each_of_them() -> None:
    found = name_filter(",".join(f"oltp.table_{n}" for n in range(5000)), "")
    assert found is not None
    started = time.process_time()
    assert sum(found.passes(f"oltp.table_{n}") for n in range(4500, 5500)) == 500
    # One expression after the other would be five million matches.
    assert time.process_time() - started < 5


def test_only_names_count_as_spelt_out() -> None:
    assert list(literal_names(r"oltp\.orders, oltp.items,oltp\..*,a|b,(x)")) == ["oltp.orders", "oltp.items"]
