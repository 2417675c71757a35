"""The dialog. Imported only when GIMP has a screen to show it on."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gimp, GimpUi, GObject, Gtk  # noqa: E402
from tool import models  # noqa: E402

_TITLE = "Super-resolution"


def ask(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig) -> bool:
    """Let the user edit ``config``; returns whether they pressed OK.

    Raises:
        PluginError: sr-batch does not run.
    """
    networks = models()
    GimpUi.init(procedure.get_name())
    dialog = GimpUi.ProcedureDialog.new(procedure, config, _TITLE)
    label = Gtk.Label(label="_Model", use_underline=True, xalign=0)
    box = _chooser(config, networks)
    label.set_mnemonic_widget(box)
    row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
    row.pack_start(label, False, False, 0)
    row.pack_start(box, True, True, 0)
    row.show_all()
    dialog.get_content_area().pack_start(row, False, False, 0)
    aligned = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
    aligned.add_widget(label)
    aligned.add_widget(dialog.get_widget("mode", GObject.TYPE_NONE).get_label())
    dialog.fill(["scale", "mode", "part", "result", "self-ensemble"])
    pressed = dialog.run()
    dialog.destroy()
    return bool(pressed)


def _chooser(config: Gimp.ProcedureConfig, networks: Iterable[dict[str, Any]]) -> Gtk.Widget:
    """A list of the networks, bound to the setting ``model``."""
    scales = defaultdict(set)
    for network in networks:
        scales[network["name"]].add(network["scale"])
    box = Gtk.ComboBoxText()
    for name, factors in scales.items():
        box.append(name, f"{name} ({', '.join(f'x{factor}' for factor in sorted(factors))})")
    chosen = config.get_property("model")
    if chosen not in scales:  # the path of a file, set by an earlier call from a script
        box.append(chosen, chosen)
    flags = GObject.BindingFlags.BIDIRECTIONAL | GObject.BindingFlags.SYNC_CREATE
    config.bind_property("model", box, "active-id", flags)
    return box
