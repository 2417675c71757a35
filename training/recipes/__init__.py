"""Every training run by name: what is trained, on what, how long."""

from training.recipes.balanced import BALANCED
from training.recipes.compared import COMPARED
from training.recipes.edsr import EDSR
from training.recipes.fast import FAST
from training.recipes.luma import LUMA_NETWORKS
from training.recipes.photo import PHOTO
from training.recipes.reports import REPORTS
from training.recipes.rrdb import RRDB

RECIPES = REPORTS | LUMA_NETWORKS | FAST | BALANCED | EDSR | COMPARED | RRDB | PHOTO
