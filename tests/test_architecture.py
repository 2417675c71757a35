"""Holds the order of packages: each imports only from those below it, and never in a circle."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("sr_batch", "training", "plugins")

# From the bottom up. Packages of one level do not know each other, unless UNITED says so.
ORDER: tuple[frozenset[str], ...] = (
    frozenset({"core"}),
    frozenset({"imaging"}),
    frozenset({"codec", "files", "messages"}),
    frozenset({"inference", "stores"}),
    frozenset({"upscaling"}),
    frozenset({"batch"}),
    frozenset({"distributed", "watch", "serve", "bench", "integrations", "importing"}),
    frozenset({"cli", "api", "doctor"}),
    frozenset({"__init__", "__main__"}),
)
LEVEL_OF = {part: level for level, parts in enumerate(ORDER) for part in parts}
UNITED = {("cli", "doctor")}  # `sr-batch doctor` prints what `doctor` found

TRAINING_ORDER: tuple[frozenset[str], ...] = (
    frozenset({"data", "models"}),
    frozenset({"losses"}),
    frozenset({"recipes"}),
    frozenset({"optim", "quantize", "evaluate"}),
    frozenset({"run"}),
    frozenset({"release", "report", "sweep"}),
    frozenset({"replay"}),
    frozenset({"cli"}),
    frozenset({"__init__", "__main__"}),
)
TRAINING_MAY_REACH = {
    *("core", "imaging", "codec", "files", "messages", "inference", "upscaling", "bench"),
    "importing",
}
PURE = {"core": {"numpy"}, "imaging": {"numpy"}}

# A foreign library is imported by these modules and packages of sr_batch, and by no others.
SEAMS = {
    "onnxruntime": {"inference.onnx_runtime", "importing.int8"},
    "onnx": {"importing", "inference.network_blend"},
    "cv2": {"codec.backends.opencv"},
    "PIL": {"api", "bench.contact_sheet", "codec.backends.pillow", "codec.color"},
    "matplotlib": {"bench.chart"},
    "OpenImageIO": {"codec.backends.openimageio"},
    "brotli": {"codec.jxl"},
    "pillow_heif": {"codec.heif"},
    "sqlite3": {"files.state_db", "files.temporary_index"},
    "obstore": {"stores.object_client", "stores.object_listing", "stores.object_store"},
    "ray": {"distributed.ray_actor", "distributed.ray_cluster"},
    "typer": {"cli"},
    "apprise": {"messages"},
    "prometheus_client": {"watch.metrics_server"},
    "filelock": {"importing.store", "serve.store", "watch.lock"},
    "starlette": {"serve"},
    "uvicorn": {"serve.connection", "serve.server"},
    "h11": {"serve.connection"},
    "python_multipart": {"serve.multipart"},
    "watchdog": {"watch.file_events"},
    "rich": {"cli"},
}
TRAINING_SEAMS = {"optuna": "training.sweep.study", "wandb": "training.run.wandb_sync"}
MOST_ROOT_MODULES = 6
CONVERTER = "sr_batch.importing.weights.child"


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


@cache
def imported_modules(path: Path) -> tuple[str, ...]:
    """Absolute names of what ``path`` imports anywhere, functions and TYPE_CHECKING included."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import in line {node.lineno}"
            for alias in node.names:
                yield _existing(f"{node.module}.{alias.name}") or f"{node.module}"


def _existing(name: str) -> str | None:
    """``name`` if it is a module of this checkout: ``from package import module`` counts."""
    path = ROOT.joinpath(*name.split("."))
    return name if path.with_suffix(".py").is_file() or path.is_dir() else None


def part_of(module: str) -> str:
    """``sr_batch.codec.tiff.decode`` -> ``codec``; the package itself -> ``__init__``."""
    return module.split(".")[1] if "." in module else "__init__"


def parts_used(path: Path, package: str) -> set[str]:
    return {part_of(name) for name in imported_modules(path) if name.split(".")[0] == package}


def foreign_imports(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported_modules(path)} - sys.stdlib_module_names


def upward(
    package: str, order: tuple[frozenset[str], ...], united: set[tuple[str, str]]
) -> list[str]:
    """Imports that leave a part of ``package`` for its own level or a higher one."""
    level = {part: number for number, parts in enumerate(order) for part in parts}
    return [
        f"{module_name(path)} imports {other}"
        for path in python_files(package)
        for own in [part_of(module_name(path))]
        for other in sorted(parts_used(path, package) - {own})
        if level[other] >= level[own] and (own, other) not in united
    ]


def test_packages_import_downwards_only() -> None:
    assert upward("sr_batch", ORDER, UNITED) == []


def test_training_imports_downwards_only() -> None:
    assert upward("training", TRAINING_ORDER, set()) == []


def test_imports_make_no_circle() -> None:
    graph = {
        module_name(path): {name for name in imported_modules(path) if name != module_name(path)}
        for folder in ("sr_batch", "training")
        for path in python_files(folder)
    }
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, which names them


def test_the_root_holds_few_modules() -> None:
    assert len(list((ROOT / "sr_batch").glob("*.py"))) <= MOST_ROOT_MODULES


def test_every_package_says_what_it_is() -> None:
    silent = [
        path
        for folder in ("sr_batch", "training")
        for path in python_files(folder)
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


@pytest.mark.parametrize("package", PURE)
def test_the_lowest_packages_are_pure(package: str) -> None:
    allowed = PURE[package] | {"sr_batch"}
    impure = [
        path for path in python_files(f"sr_batch/{package}") if foreign_imports(path) - allowed
    ]
    assert impure == []


@pytest.mark.parametrize("library", SEAMS)
def test_a_foreign_library_is_imported_by_its_seam_alone(library: str) -> None:
    importers = {
        module_name(path).removeprefix("sr_batch.")
        for path in python_files("sr_batch")
        if library in {name.split(".")[0] for name in imported_modules(path)}
    }
    strangers = {name for name in importers if not _is_in(name, SEAMS[library])}
    assert strangers == set()
    stale = {seam for seam in SEAMS[library] if not any(_is_in(name, {seam}) for name in importers)}
    assert stale == set(), f"{library} is not imported there any more"


@pytest.mark.parametrize("library", TRAINING_SEAMS)
def test_training_imports_a_library_in_its_seam_alone(library: str) -> None:
    importers = [
        module_name(path)
        for path in python_files("training")
        if library in {name.split(".")[0] for name in imported_modules(path)}
    ]
    assert importers == [TRAINING_SEAMS[library]]


def _is_in(module: str, seams: set[str]) -> bool:
    return any(module == seam or module.startswith(f"{seam}.") for seam in seams)


def test_exceptions_to_the_order_are_in_use() -> None:
    used = {
        (part_of(module_name(path)), other)
        for path in python_files("sr_batch")
        for other in parts_used(path, "sr_batch")
    }
    assert used >= UNITED
    assert {
        other for path in python_files("training") for other in parts_used(path, "sr_batch")
    } == (TRAINING_MAY_REACH)


def test_every_part_has_its_place_in_the_order() -> None:
    there = {part_of(module_name(path)) for path in python_files("sr_batch")} | {"__init__"}
    assert there == set(LEVEL_OF)


def test_the_tool_knows_nothing_of_torch_and_training() -> None:
    unwanted = {"torch", "training", "tests", "plugins"}
    users = [path for path in python_files("sr_batch") if foreign_imports(path) & unwanted]
    # It runs as a process of its own, so that no other process loads torch.
    assert [module_name(path) for path in users] == [CONVERTER]
    everything = (each for folder in FOLDERS for each in python_files(folder))
    assert [path for path in everything if CONVERTER in imported_modules(path)] == []


def test_plugins_import_nothing_of_ours() -> None:
    ours = {"sr_batch", "training"}
    assert [path for path in python_files("plugins") if foreign_imports(path) & ours] == []
