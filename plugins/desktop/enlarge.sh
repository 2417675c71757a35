#!/bin/sh
# Installed by `sr-batch plugin install @NAME@`; `sr-batch plugin uninstall` removes it.
# Enlarges the files that a file manager passes. The output of its commands is invisible, so the last
# lines go into a notification, if notify-send is installed.
if [ "$#" -eq 0 ]; then # Nautilus and Nemo pass the files of some folders in a variable only
    set -f
    IFS='
'
    # shellcheck disable=SC2086 # one name per line
    set -- ${NAUTILUS_SCRIPT_SELECTED_FILE_PATHS:-$NEMO_SCRIPT_SELECTED_FILE_PATHS}
    unset IFS
fi
output=$(@TOOL@ upscale --scale @SCALE@ -- "$@" 2>&1)
code=$?
printf '%s\n' "$output" >&2
if command -v notify-send >/dev/null; then
    body=$(printf '%s\n' "$output" | tail -n 3 | sed 's/&/\&amp;/g; s/</\&lt;/g')
    notify-send --app-name=sr-batch -- sr-batch "$body"
fi
exit "$code"
