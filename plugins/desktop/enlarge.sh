#!/bin/sh
# Put here by `sr-batch plugin install @NAME@`; uninstall takes it away again.
# Enlarges the files that a file manager gives. Nobody sees what a file manager's commands print,
# so it is said in a notification, where there are any.
if [ "$#" -eq 0 ]; then # Nautilus and Nemo name files of some folders in a variable only
    set -f
    IFS='
'
    # shellcheck disable=SC2086 # a name on each line
    set -- ${NAUTILUS_SCRIPT_SELECTED_FILE_PATHS:-$NEMO_SCRIPT_SELECTED_FILE_PATHS}
    unset IFS
fi
said=$(@TOOL@ upscale --scale @SCALE@ -- "$@" 2>&1)
code=$?
printf '%s\n' "$said" >&2
if command -v notify-send >/dev/null; then
    body=$(printf '%s\n' "$said" | tail -n 3 | sed 's/&/\&amp;/g; s/</\&lt;/g')
    notify-send --app-name=sr-batch -- sr-batch "$body"
fi
exit "$code"
