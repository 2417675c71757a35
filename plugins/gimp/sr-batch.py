#!/usr/bin/env python3
"""GIMP 3: Filters > Enhance > Super-resolution, and the procedure ``plug-in-sr-batch``.

GIMP runs this file with its own Python, which has only the standard library and gi. The installed
sr-batch enlarges the picture, in a process that the plug-in starts.
"""

import os
import sys
import traceback

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, GLib, GObject  # noqa: E402
from job import MODES, PARTS, RESULTS, Job  # noqa: E402
from tool import PluginError, Settings  # noqa: E402

NAME = "plug-in-sr-batch"
MENU = "<Image>/Filters/Enhance"
LABEL = "Super-_resolution (sr-batch)…"
ABOUT = "Enlarge with a super-resolution network"
MORE = "The whole image, the active layer or the selection, into a new image or in its place."
READ_WRITE = GObject.ParamFlags.READWRITE
SCALE_LIMITS = 1.0, 64.0


class SuperResolution(Gimp.PlugIn):  # type: ignore[misc] # gi has no types
    """Registers the procedure."""

    def do_set_i18n(self, name: str) -> bool:
        return False

    def do_query_procedures(self) -> list[str]:
        return [NAME]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("*")
        active = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(active.DRAWABLE | active.DRAWABLES | active.NO_DRAWABLES)
        procedure.set_documentation(ABOUT, MORE, name)
        procedure.set_attribution("sr-batch contributors", "sr-batch contributors", "2025")
        procedure.set_menu_label(LABEL)
        procedure.add_menu_path(MENU)
        add_arguments(procedure)
        return procedure


def add_arguments(procedure: Gimp.Procedure) -> None:
    """Declare the settings, which the dialog and the procedure share."""
    low, high = SCALE_LIMITS
    procedure.add_string_argument(
        "model",
        "_Model",
        "A network that `sr-batch models` lists, or an .onnx file",
        "balanced",
        READ_WRITE,
    )
    procedure.add_double_argument(
        "scale",
        "Sc_ale",
        "Side of the result divided by the side of the original",
        low,
        high,
        2,
        READ_WRITE,
    )
    for name, label, about, values in (
        ("mode", "Mo_de", "Run the network on color or on luma alone", MODES),
        ("part", "_Enlarge", "The part to enlarge", PARTS),
        ("result", "_Put it", "Where the result goes", RESULTS),
    ):
        choice = Gimp.Choice.new()
        for number, (value, text) in enumerate(values.items()):
            choice.add(value, number, text, "")
        procedure.add_choice_argument(name, label, about, choice, next(iter(values)), READ_WRITE)
    procedure.add_boolean_argument(
        "self-ensemble",
        "Self-ensem_ble: a little better, eight times as slow",
        "The mean of the results for eight rotations and reflections",
        False,
        READ_WRITE,
    )
    procedure.add_image_return_value(
        "enlarged", "Enlarged", "The new image, or the same one", True, READ_WRITE
    )


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    data: object,
) -> Gimp.ValueArray:
    """Called by GIMP."""
    try:
        if run_mode == Gimp.RunMode.INTERACTIVE:
            from dialog import ask

            if not ask(procedure, config):
                return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
        enlarged = work(image, drawables, config)
    except PluginError as error:
        return failure(procedure, str(error))
    except Exception as error:
        traceback.print_exc()
        return failure(procedure, f"this is a bug in the plug-in, please report it: {error!r}")
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        if enlarged != image:
            Gimp.Display.new(enlarged)
        Gimp.displays_flush()
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
    values.remove(1)
    values.insert(1, GObject.Value(Gimp.Image, enlarged))
    return values


def work(
    image: Gimp.Image, drawables: list[Gimp.Drawable], config: Gimp.ProcedureConfig
) -> Gimp.Image:
    """Enlarge as ``config`` says; returns the image that holds the result."""
    if os.name == "posix":
        os.setpgid(0, 0)  # Cancel kills the process group, which includes sr-batch
    Gegl.init(None)
    part, result = map(config.get_property, ("part", "result"))
    model, *others = map(config.get_property, ("model", "scale", "mode", "self-ensemble"))
    Gimp.progress_init(f"Enlarging with {model}…")
    job = Job(image, tuple(drawables), Settings(model, *others), part, result)
    return job.run(Gimp.progress_update)


def failure(procedure: Gimp.Procedure, text: str) -> Gimp.ValueArray:
    """Return values that make GIMP show ``text`` as an error."""
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(text))


Gimp.main(SuperResolution.__gtype__, sys.argv)
