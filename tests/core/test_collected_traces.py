"""Failures that were really made on the running stack (`scripts/failures`), and what the diagnosis says of them.

What is true of each was written down from how it was made; `docs/failure-traces.md` tells how many were right when
nobody had yet seen their traces.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest
from failures.cases import (
    cases,
    eighth_cases,
    fifth_cases,
    fourth_cases,
    second_cases,
    seventh_cases,
    sixth_cases,
    third_cases,
)
from failures.measure import Judged, judge
from failures.reports import judge_reports
from failures.trace_file import (
    EIGHTH_FOLDER,
    FIFTH_FOLDER,
    FOURTH_FOLDER,
    SECOND_FOLDER,
    SEVENTH_FOLDER,
    SIXTH_FOLDER,
    THIRD_FOLDER,
    failed_parts,
    read_all,
    truth,
)

from watchdog.diagnose.subjects import columns_of, table_of
from watchdog.model import Advice, Category

FIRST, SECOND, THIRD = read_all(), read_all(SECOND_FOLDER), read_all(THIRD_FOLDER)
FOURTH, FIFTH, SIXTH = read_all(FOURTH_FOLDER), read_all(FIFTH_FOLDER), read_all(SIXTH_FOLDER)
SEVENTH, EIGHTH = read_all(SEVENTH_FOLDER), read_all(EIGHTH_FOLDER)
TRACES = FIRST + SECOND + THIRD + FOURTH + FIFTH + SIXTH + SEVENTH + EIGHTH
EVERY_CASE = (
    *cases(),
    *second_cases(),
    *third_cases(),
    *fourth_cases(),
    *fifth_cases(),
    *sixth_cases(),
    *seventh_cases(),
    *eighth_cases(),
)
JUDGED = judge(TRACES)
REPORTED = judge_reports()


# Seen, wrong, and not mended yet: `docs/failure-traces.md` tells why.
WRONG_CATEGORY = {
    "fourth-key-dropped-at-the-source",
    "fourth-may-not-create",
    "fifth-fields-left-out",
    "fifth-history-clients-without-login",
    "fifth-prefix-renamed-with-its-offsets",
    "fifth-view-of-a-definer-without-rights",
    "sixth-struct-in-a-record",
    "seventh-sink-05-user-dropped",
    "seventh-sink-18-cast-of-text",
    "seventh-source-08-history-deleted",
    "eighth-sink-44-field-list-leaves-out",
    "eighth-sink-45-password-rotated-under-the-sink",
    "eighth-sink-46-nested-records",
    "eighth-sink-48-cast-of-text",
    "eighth-sink-61-date-pattern-wrong",
    "eighth-sink-72-transform-names-no-field",
}
WRONG_OF_REPORTS = {"next-byte-unreadable", "source-on-8.4", "value-that-the-client-misreads"}
WRONG_ADVICE = {"seventh-sink-05-user-dropped", "eighth-sink-45-password-rotated-under-the-sink"}
FALSE_YES: set[str] = set()


def every_case(but: set[str]) -> pytest.MarkDecorator:
    """Those in `but` have to go on being wrong: one that was mended has to leave the list."""
    mended = pytest.mark.xfail(strict=True, reason="known to be wrong")
    cases = [pytest.param(one, id=one.case, marks=[mended] if one.case in but else []) for one in JUDGED]
    return pytest.mark.parametrize("one", cases)


@every_case(but=WRONG_CATEGORY)
def test_the_category_of_a_failure_that_was_really_made_is_right(one: Judged) -> None:
    assert one.is_right, f"{one.said.category}, by {one.said.signature}: {one.said.message}"


@every_case(but=WRONG_ADVICE)
def test_the_advice_on_restarting_is_one_that_a_person_who_knows_the_cause_would_give(one: Judged) -> None:
    assert one.is_acceptable, f"{one.said.restart}, by {one.said.signature}: {one.said.message}"


@every_case(but=FALSE_YES)
def test_yes_is_never_said_where_a_restart_cannot_help(one: Judged) -> None:
    assert not one.is_false_yes, f"{one.said.signature}: {one.said.message}"


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(
            one,
            id=one.case,
            marks=[pytest.mark.xfail(strict=True, reason="known to be wrong")] if one.case in WRONG_OF_REPORTS else [],
        )
        for one in REPORTED
    ],
)
def test_the_category_of_a_failure_that_a_user_reported_is_right(one: Judged) -> None:
    assert one.is_right, f"{one.said.category}, by {one.said.signature}: {one.said.message}"


@pytest.mark.parametrize("one", REPORTED, ids=lambda one: one.case)
def test_the_advice_on_a_failure_that_a_user_reported_is_acceptable(one: Judged) -> None:
    assert one.is_acceptable, f"{one.said.restart}, by {one.said.signature}: {one.said.message}"


# Its old name is true, too: the trace has the new one.
OTHER_NAME = {"column-renamed-at-the-source"}


def test_a_table_that_is_named_is_the_one_that_the_failure_is_about() -> None:
    about = [(one.case, one.truth["table"], table_of(one.said.groups)) for one in JUDGED if one.truth["table"]]
    named = [(case, true.lower(), said.rpartition(".")[2].lower()) for case, true, said in about if said]
    assert [row for row in named if row[1] != row[2]] == []
    assert len(named) >= 0.9 * len(about)


def test_columns_that_are_named_are_those_that_the_failure_is_about() -> None:
    about = [
        (
            one.case,
            {name.lower() for name in one.truth["columns"]},
            {name.lower() for name in columns_of(one.said.groups)},
        )
        for one in JUDGED
        if one.truth["columns"] and one.case not in OTHER_NAME
    ]
    named = [row for row in about if row[2]]
    assert [row for row in named if row[1] != row[2]] == []
    assert len(named) >= 0.6 * len(about)


def test_the_collection_is_large_and_varied() -> None:
    sides = Counter(document["side"] for document in FIRST)
    categories = Counter(document["truth"]["category"] for document in FIRST)
    assert len(FIRST) >= 60
    assert min(sides["source"], sides["sink"]) >= 25
    assert len(categories) >= 9
    assert all(count >= 2 for count in categories.values()), categories


def test_the_second_set_is_of_another_database_and_as_varied() -> None:
    sides = Counter(document["side"] for document in SECOND)
    assert min(sides["source"], sides["sink"]) >= 25
    assert len({document["truth"]["category"] for document in SECOND}) >= 9
    assert all("mariadb" in document["versions"] for document in SECOND)
    assert not {document["case"] for document in SECOND} & {document["case"] for document in FIRST}


def test_the_third_set_is_of_failures_that_are_in_neither_of_the_others() -> None:
    sides = Counter(document["side"] for document in THIRD)
    assert min(sides["source"], sides["sink"]) >= 10
    assert len({document["truth"]["category"] for document in THIRD}) >= 8
    assert not {document["made_by"] for document in THIRD} & {document["made_by"] for document in FIRST + SECOND}


def test_the_fourth_set_is_of_other_failures_and_allows_one_category_for_each() -> None:
    earlier = {document["made_by"] for document in FIRST + SECOND + THIRD}
    assert not {document["made_by"] for document in FOURTH} & earlier
    assert not any(document["truth"]["also"] for document in FOURTH)
    assert len({document["truth"]["category"] for document in FOURTH}) >= 8


def test_the_fifth_set_is_of_other_failures_and_allows_one_category_for_each() -> None:
    earlier = {document["made_by"] for document in FIRST + SECOND + THIRD + FOURTH}
    assert not {document["made_by"] for document in FIFTH} & earlier
    assert not any(document["truth"]["also"] for document in FIFTH)
    assert len({document["truth"]["category"] for document in FIFTH}) >= 11


def test_the_sixth_set_is_of_reports_and_has_their_truth() -> None:
    """A case names first the report, or the reports, that it breaks something after."""
    reports = {one.case: one.truth for one in REPORTED}
    for document in SIXTH:
        names = document["made_by"].partition(":")[0].split(", ")
        assert {reports[name]["category"] for name in names} == {document["truth"]["category"]}
        assert all(set(reports[name]["restart"]) == set(document["truth"]["restart"]) for name in names)


def test_the_seventh_set_is_the_draw_and_what_of_it_failed() -> None:
    drawn = {case.name for case in seventh_cases()}
    kept = {document["case"] for document in SEVENTH}
    assert kept <= drawn
    assert Counter(document["side"] for document in SEVENTH) == {"sink": 40, "source": 33}


def test_the_eighth_set_is_what_the_same_lots_bring_next() -> None:
    assert {document["case"] for document in EIGHTH} <= {case.name for case in eighth_cases()}
    assert Counter(document["side"] for document in EIGHTH) == {"sink": 40, "source": 34}
    assert not {document["made_by"] for document in EIGHTH} & {document["made_by"] for document in SEVENTH}


def test_every_trace_says_what_its_case_says() -> None:
    """The truth is written in one place; a file of a case that was changed has to be collected again."""
    written = {case.name: case for case in EVERY_CASE}
    for document in TRACES:
        case = written[document["case"]]
        assert (document["made_by"], document["side"]) == (case.made_by, case.side), case.name
        assert document["truth"] == truth(case), case.name


def test_what_is_true_is_said_in_words_of_the_contract() -> None:
    for case in EVERY_CASE:
        assert case.truth.category in {category.value for category in Category}
        assert set(case.truth.restart) <= {advice.value for advice in Advice}


def test_a_status_document_is_of_a_failed_connector_or_task_with_its_trace() -> None:
    for document in TRACES:
        failed = failed_parts(document["status"])
        assert failed, document["case"]
        assert all(part["trace"].strip() for part in failed), document["case"]


def test_no_trace_holds_a_secret_of_the_stack() -> None:
    for document in TRACES:
        text = json.dumps(document)
        assert "4711-secret" not in text
        assert 'password=\\"' not in text.replace('password=\\"***', "")


def test_no_trace_is_of_another_case_that_ran_beside_it() -> None:
    """Every source of a server reads every statement in its binlog: one case may break another's connector."""
    names = [document["case"].replace("-", "_") for document in TRACES]
    for document, own in zip(TRACES, names, strict=True):
        text = json.dumps(document["status"])
        strangers = [name for name in names if name in text and name not in own and name != own]
        assert not strangers, document["case"]
