#!/usr/bin/env bash
# Creates a Debian 13 chroot with GIMP 3, ImageMagick 7 and an X server for the tests, unless it
# exists for the list below. Prints its folder; with --where it only prints the folder.
set -euo pipefail

packages=(
    gimp python3-gi python3-gi-cairo gir1.2-gtk-3.0
    imagemagick
    xvfb xauth openbox xdotool x11-utils fonts-dejavu-core adwaita-icon-theme
)
suite=trixie
cache=${SR_BATCH_TEST_CACHE:-/var/cache/sr-batch-tests}
digest=$(printf '%s\n' "$suite" "${packages[@]}" | sha256sum | cut -c1-12)
folder=$cache/$suite-$digest

if [[ ${1:-} == --where ]] || [[ -d $folder ]]; then
    echo "$folder"
    exit
fi

find_mirror() { # the mirror of this machine, known after an apt-get update
    apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Component: main' |
        awk '!/security/ && !first { first = $0 } END { print first }'
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # of two concurrent runs, the second uses the chroot of the first
if [[ ! -d $folder ]]; then
    mirror=$(find_mirror)
    [[ -n $mirror ]] || { apt-get update -qq >&2 && mirror=$(find_mirror); }
    rm -rf "$cache/$suite"-*
    building=$folder.building
    mmdebstrap --quiet --variant=minbase --include="$(IFS=,; echo "${packages[*]}")" \
        --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt=force-unsafe-io \
        "$suite" "$building" "deb $mirror $suite main" >&2
    mv "$building" "$folder"
fi
echo "$folder"
