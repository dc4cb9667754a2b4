"""What came of refitting the ranker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a refit of the ranker is worth on questions that it has not seen.

    Attributes:
        questions: Those with labels that the refitted weights can read.
        labels: How many labels they have.
        compared: Those among them with both a useful and a useless memory, of which the comparison is made.
        before: Share of the pairs of a useful and a useless memory that the present ranker puts in the right order,
            averaged over questions; None where too few could be compared.
        after: The same by refits, each of which has seen none of the questions it is measured on.
        interval: What the difference may be, low and high: 95%, by a bootstrap over questions.
        kept: Whether the refit was written: the whole interval lies above 0.
        calibrated: Whether the scores were fitted anew too, so that they are probabilities of what these labels say.
        reason: What decided, in words.
    """

    questions: int
    labels: int
    compared: int
    before: float | None
    after: float | None
    interval: tuple[float, float] | None
    kept: bool
    calibrated: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Training:
    """What came of a judge's verdicts on what was retrieved.

    Attributes:
        tuning: What the refit to them is worth.
        asked: Distinct questions.
        judged: Those that the judge was asked about now.
        known: Those whose verdicts an earlier run had.
        not_found: Those for which nothing was retrieved.
        unusable: Those for which the judge had no answer that can be used.
    """

    tuning: Tuning
    asked: int
    judged: int
    known: int
    not_found: int
    unusable: int
