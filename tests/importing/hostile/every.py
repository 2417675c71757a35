"""All hostile files."""

from tests.importing.hostile import beside, files, graphs, ncnn_files, runs, weights
from tests.importing.hostile.case import Case

CASES: tuple[Case, ...] = (
    *files.CASES,
    *graphs.CASES,
    *beside.CASES,
    *weights.CASES,
    *ncnn_files.CASES,
    *runs.CASES,
)
