"""What the diagnosis says of each collected trace, beside what is true of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from failures.trace_file import failed_parts
from watchdog.diagnose import diagnose
from watchdog.model import Advice, Cause


@dataclass(frozen=True)
class Judged:
    """One case: the truth, and what was said."""

    case: str
    made_by: str
    truth: dict[str, Any]
    said: Cause

    @property
    def is_right(self) -> bool:
        return self.said.category.value in (self.truth["category"], *self.truth["also"])

    @property
    def is_acceptable(self) -> bool:
        """The advice on restarting."""
        return self.said.restart in self.truth["restart"]

    @property
    def is_false_yes(self) -> bool:
        return self.said.restart is Advice.YES and "yes" not in self.truth["restart"]

    @property
    def known_by(self) -> str:
        """What it was recognised by: an `entry` of the catalogue, its `family` of exceptions, the `place` where it was
        thrown, or `nothing`."""
        if not self.said.signature:
            return "nothing"
        kind = self.said.signature.partition(".")[0]
        return kind if kind in ("family", "place") else "entry"


def judge(documents: Iterable[dict[str, Any]]) -> list[Judged]:
    return [
        Judged(
            document["case"],
            document["made_by"],
            document["truth"],
            diagnose(failed_parts(document["status"])[0]["trace"], document["side"]),
        )
        for document in documents
    ]


def summary(judged: Sequence[Judged]) -> str:
    """One line for all, then one for each way in which they were recognised."""
    false_yes = [one.case for one in judged if one.is_false_yes]
    ways = {way: [one for one in judged if one.known_by == way] for way in ("entry", "family", "place", "nothing")}
    lines = [_counts("all", judged), *(_counts(f"by {way}", those) for way, those in ways.items() if those)]
    lines.append(f"“yes” where a restart cannot help: {', '.join(false_yes) or 'none'}")
    return "\n".join(lines)


def _counts(name: str, judged: Sequence[Judged]) -> str:
    total = len(judged)
    right = sum(one.is_right for one in judged)
    acceptable = sum(one.is_acceptable for one in judged)
    return (
        f"{name}: {total} failures, category right {right} ({right / total:.1%}), "
        f"restart advice acceptable {acceptable} ({acceptable / total:.1%})"
    )


def table(judged: Iterable[Judged]) -> str:
    """Markdown."""
    lines = [
        "| case | how it was made | truth | said | category | restart |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_row(one) for one in judged]
    return "\n".join(lines)


def _row(one: Judged) -> str:
    truth = f"{one.truth['category']}, {'/'.join(one.truth['restart'])}"
    said = f"{one.said.category}, {one.said.restart} ({one.said.signature or '-'})"
    made_by = one.made_by.replace("|", "\\|")
    restart = "right" if one.is_acceptable else "**wrong: yes**" if one.is_false_yes else "**wrong**"
    return f"| {one.case} | {made_by} | {truth} | {said} | {'right' if one.is_right else '**wrong**'} | {restart} |"
