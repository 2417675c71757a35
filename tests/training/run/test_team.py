"""Two processes that torchrun starts train as one does."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.run.two_processes import RECIPE, run_in
from tests.training.small import corpora_for, small_recipe
from training.models import BadConfig, build
from training.recipes.recipe import Recipe, Stage
from training.run import checkpoint
from training.run.loop import train
from training.run.team import ALONE, Team, own_device, require_shareable


@pytest.fixture(scope="module")
def together(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the runs of :mod:`two_processes`."""
    folder = tmp_path_factory.mktemp("together")
    launch = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    script = ["-m", "tests.training.run.two_processes", str(photographs), str(folder)]
    ran = subprocess.run(
        [sys.executable, *launch, *script], capture_output=True, text=True, timeout=600
    )
    assert ran.returncode == 0, ran.stderr
    return folder


def states_of(folder: Path) -> dict[str, checkpoint.State]:
    states = checkpoint.load(folder, torch.device("cpu"))
    assert states is not None
    return states


@pytest.mark.skipif(sys.platform == "win32", reason="the signals are those of POSIX")
def test_two_processes_get_the_weights_of_one(
    together: Path, photographs: Path, tmp_path: Path
) -> None:
    one = run_in(tmp_path, photographs, ALONE)
    train(one, corpora_for(RECIPE.model, photographs))
    both = states_of(together / "whole")
    for name, module in (("net", one.net), ("ema", one.ema.module)):
        for key, value in module.state_dict().items():
            torch.testing.assert_close(both[name][key], value, atol=2e-5, rtol=1e-3)
    ours, theirs = ((each / "metrics.csv").read_text() for each in (tmp_path, together / "whole"))
    for row, other in zip(ours.splitlines()[1:], theirs.splitlines()[1:], strict=True):
        found, expected = ([*map(float, each.split(","))] for each in (other, row))
        assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.skipif(sys.platform == "win32", reason="the signals are those of POSIX")
def test_a_signal_to_one_of_them_ends_both_and_they_resume_exactly(together: Path) -> None:
    whole, broken = (states_of(together / name) for name in ("whole", "broken"))
    for name in ("net", "ema"):
        assert all(torch.equal(whole[name][key], broken[name][key]) for key in whole[name])
    tables = [(together / name / "metrics.csv").read_text() for name in ("whole", "broken")]
    assert tables[0] == tables[1]


def test_shares_are_equal_and_cover_a_batch() -> None:
    patches = range(6)
    assert [[*patches[Team(rank, 3).share(6)]] for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]


def test_each_process_has_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda, chosen = torch.device("cuda"), list[torch.device]()
    assert own_device(cuda) == cuda  # without torchrun
    for name, value in (("TORCHELASTIC_RUN_ID", "it"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert own_device(cuda) == torch.device("cuda", 1)
    assert chosen == [torch.device("cuda", 1)]
    assert own_device(torch.device("cpu")) == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(BadConfig, match="--nproc-per-node 2: this machine has only 1 GPU"):
        own_device(cuda)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            replace(small_recipe("espcn"), stages=(Stage(1.0, 5, 12, {"l1": 1}),)),
            "stages.0.batch = 5: cannot be shared equally by 2 processes; "
            "--set stages.0.batch=4 can",
        ),
        (
            replace(small_recipe("espcn"), stages=(Stage(1.0, 2, 12, {"adversarial": 1}),)),
            "the adversarial loss depends on all patches of a batch",
        ),
        (small_recipe("srcnn_deep"), "the batch norm of srcnn_deep depends on all patches"),
        (replace(small_recipe("espcn"), quantized=True), "the rounding of int8 depends on all"),
    ],
)
def test_what_would_train_otherwise_is_refused(recipe: Recipe, message: str) -> None:
    net = build(recipe.model, recipe.scale, recipe.model_options)
    require_shareable(recipe, net, ALONE)
    with pytest.raises(BadConfig) as refused:
        require_shareable(recipe, net, Team(0, 2))
    assert str(refused.value).startswith(message)
