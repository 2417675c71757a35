"""Holds the floors: a file imports from its own floor or below, never in a circle."""

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Every file or folder of sr_batch stands on one floor. A new file needs a line here.
FLOORS: dict[int, set[str]] = {
    0: {"contract", "errors", "geometry", "goal", "machine", "naming", "options", "results"},
    1: {
        "batching",
        "bicubic",
        "color",
        "color_lock",
        "ensemble",
        "image",
        "metrics",
        "pipeline",
        "scaling",
        "session",
        "settling",
        "tiling",
    },
    2: {
        "binding",
        "catalog",
        "codec",
        "inference",
        "journal",
        "ledger",
        "memory",
        "onnx_session",
        "providers",
        "reading",
        "records",
        "resample",
        "state_file",
        "storage",
        "verify",
    },
    3: {
        "byte_gate",
        "calibration",
        "claim",
        "decoder",
        "doctor",
        "engine",
        "installers",
        "isolation",
        "jobs",
        "measure",
        "networks",
        "outputs",
        "room",
        "sidecars",
        "sources",
        "tile_pool",
        "tuning",
        "upscaler",
        "watch",
        "worker",
    },
    4: {"api", "cli"},
    5: {"__init__", "__main__"},
}
FLOOR_OF = {part: floor for floor, parts in FLOORS.items() for part in parts}
FRONT_DOORS = FLOORS[4]
TRAINING_MAY_REACH = 2

# A foreign library is imported by these parts and no others, inside sr_batch.
SEAMS = {
    "onnxruntime": {"onnx_session", "providers"},
    "cv2": {"codec", "resample"},
    "PIL": {"api", "codec"},
    "matplotlib": {"measure"},
    "OpenImageIO": {"codec"},
    "brotli": {"codec"},
    "pillow_heif": {"codec"},
    "sqlite3": {"state_file"},
    "typer": {"cli"},
    "apprise": {"watch"},
    "prometheus_client": {"watch"},
    "watchdog": {"watch"},
    "rich": {"cli"},
}


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


def imported_modules(path: Path) -> Iterator[str]:
    """Absolute names of what ``path`` imports anywhere, functions and TYPE_CHECKING included."""
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
    """``sr_batch.codec.tiff`` -> ``codec``; the package itself -> ``__init__``."""
    return module.split(".")[1] if "." in module else "__init__"


def our_imports(path: Path) -> set[str]:
    return {part_of(name) for name in imported_modules(path) if name.split(".")[0] == "sr_batch"}


def foreign_imports(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported_modules(path)} - sys.stdlib_module_names


@pytest.mark.parametrize("path", python_files("sr_batch"), ids=module_name)
def test_imports_only_from_its_floor_or_below(path: Path) -> None:
    part = part_of(module_name(path))
    too_high = {other for other in our_imports(path) if FLOOR_OF[other] > FLOOR_OF[part]}
    assert not too_high, f"{part} (floor {FLOOR_OF[part]}) imports {too_high}"


@pytest.mark.parametrize("path", python_files("sr_batch"), ids=module_name)
def test_front_doors_do_not_import_each_other(path: Path) -> None:
    part = part_of(module_name(path))
    if part in FRONT_DOORS:
        assert our_imports(path) & FRONT_DOORS <= {part}


def test_imports_make_no_circle() -> None:
    graph = {
        module_name(path): {
            name for name in imported_modules(path) if name.startswith(("sr_batch", "training"))
        }
        - {module_name(path)}
        for folder in ("sr_batch", "training")
        for path in python_files(folder)
    }
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, which names them


@pytest.mark.parametrize("path", python_files("sr_batch"), ids=module_name)
def test_the_two_lowest_floors_are_pure(path: Path) -> None:
    floor = FLOOR_OF[part_of(module_name(path))]
    allowed = {0: {"sr_batch"}, 1: {"sr_batch", "numpy"}}
    if floor in allowed:
        assert foreign_imports(path) <= allowed[floor]


@pytest.mark.parametrize("library", SEAMS)
def test_a_foreign_library_is_imported_by_its_seam_alone(library: str) -> None:
    importers = {
        part_of(module_name(path))
        for path in python_files("sr_batch")
        if library in {name.split(".")[0] for name in imported_modules(path)}
    }
    assert importers
    assert importers <= SEAMS[library]


@pytest.mark.parametrize("path", python_files("sr_batch"), ids=module_name)
def test_the_tool_knows_nothing_of_torch_and_training(path: Path) -> None:
    assert not foreign_imports(path) & {"torch", "onnx", "training", "tests", "plugins"}


@pytest.mark.parametrize("path", python_files("training"), ids=module_name)
def test_training_reaches_no_higher_than_floor_two(path: Path) -> None:
    assert all(FLOOR_OF[part] <= TRAINING_MAY_REACH for part in our_imports(path))


def test_plugins_import_nothing_of_ours() -> None:
    ours = {"sr_batch", "training"}
    assert [path for path in python_files("plugins") if foreign_imports(path) & ours] == []
