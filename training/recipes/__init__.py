"""Every training run by name: which network, what it learns from, for how long."""

from training.recipes.balanced import BALANCED
from training.recipes.comparison import COMPARED
from training.recipes.edsr import EDSR
from training.recipes.fast import FAST
from training.recipes.first import FIRST
from training.recipes.luma import LUMA_NETWORKS
from training.recipes.photo import PHOTO
from training.recipes.rrdb import RRDB
from training.recipes.student_reports import REPORTS

RECIPES = FIRST | REPORTS | LUMA_NETWORKS | FAST | BALANCED | EDSR | COMPARED | RRDB | PHOTO
