"""The rules of a member list (domain brief, section 3): what is wrong with a row, and its repair."""

from verification.rosters.rules.base import Fault, Rule, Severity
from verification.rosters.rules.catalogue import (
    BY_CODE,
    ERROR_MASK,
    FAULTS,
    RULES,
    WARNING_MASK,
    faults_in,
    judge,
    judge_frame,
)
from verification.rosters.rules.ruleset import (
    EIGHT_FIELDS,
    FOUR_FIELDS,
    PRESETS,
    Preset,
    Regions,
    RuleSet,
)

__all__ = [
    "BY_CODE",
    "EIGHT_FIELDS",
    "ERROR_MASK",
    "FAULTS",
    "FOUR_FIELDS",
    "PRESETS",
    "RULES",
    "WARNING_MASK",
    "Fault",
    "Preset",
    "Regions",
    "Rule",
    "RuleSet",
    "Severity",
    "faults_in",
    "judge",
    "judge_frame",
]
