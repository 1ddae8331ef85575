#!/usr/bin/env bash
# Follows "In a container" of docs/operations.md to the letter, below a folder: what `podman run` would start is started below the root of the image,
# mounted read-only, with the environment and the user of the Containerfile, without a capability. contents.sh calls it; it wants to be alone in a
# network (`unshare --net --mount`).
#
#   follow.sh IMAGE FOLDER
set -euo pipefail
source deploy/recipe.sh

image=$(realpath "$1")
root=$(realpath "$2")
containerfile=$PWD/deploy/container/Containerfile
mkdir -p "$root/here" "$root/srv" "$root/volumes"
chmod 0755 "$root"
ln -s "$PWD/deploy" "$root/here/deploy"
commands=$(recipe "In a container")
[[ -n $commands ]] || wrong "the recipe has no commands"
cd "$root/here"
brought prices.shop.example
alone prices.shop.example

user=$(sed -n 's/^USER //p' "$containerfile")
mapfile -t said < <(sed -n '/^ENV /,/[^\\]$/{s/^ENV//;s/ *\\$//;s/^ *//;p}' "$containerfile")
[[ $user == +([0-9]):+([0-9]) && ${#said[@]} -ge 4 ]] || wrong "the Containerfile has no user or no environment"
running=
trap '[[ -z $running ]] || kill "$running" 2>/dev/null || true' EXIT
podman() {
    local variables=("${said[@]}") mounts=() detached=
    case "$1" in
    build) return ;; # contents.sh has done what the last stage does.
    run) shift ;;
    *) wrong "podman $*: what would it do?" ;;
    esac
    while [[ $1 == -* ]]; do
        case "$1" in
        --rm | --read-only | --cap-drop=all | --security-opt=no-new-privileges) shift ;;
        --detach) detached=1 && shift ;;
        --name | --stop-timeout | -p) shift 2 ;;
        --env-file) mapfile -t -O "${#variables[@]}" variables < <(grep -v '^#' "$2") && shift 2 ;;
        -v) mounts+=("$2") && shift 2 ;;
        *) wrong "podman run $1: what would it do?" ;;
        esac
    done
    [[ $1 == pricewright:* ]] || wrong "podman run $1: which image is that?"
    shift
    local words=("${@:-serve}")
    if [[ -z $detached ]]; then
        (contained "${words[@]}")
        return
    fi
    contained "${words[@]}" 2> "$root/log" &
    running=$!
    awaited "$running" "$root/log"
    local status=/proc/$running/status
    [[ $(stat -c %u:%g "/proc/$running") == "$user" ]] && grep -qE '^CapEff:[[:space:]]*0+$' "$status" || wrong "it has more rights than it should"
    echo "deploy/container: it listens at $(sed -nE 's/.*"pricewright listens","listen":"([^"]+)".*/\1/p' "$root/log"), as $user, without a capability"
}
# Runs the program below the root of the image, which nobody can write to; `variables` and `mounts` are the caller's.
contained() {
    local mount place folder places=()
    for mount in "${mounts[@]}"; do
        IFS=: read -r place folder mount <<< "$mount"
        if [[ $place != /* ]]; then
            place=$root/volumes/$place
            install -d -m 0755 -o "${user%:*}" -g "${user#*:}" "$place"
        fi
        places+=("$place" "$folder" "${mount:-rw}")
    done
    # Not by a function in between: the process to be stopped must be the service itself.
    exec unshare --mount --propagation private bash -c '
        set -euo pipefail
        image=$1 user=$2 count=$3
        shift 3
        mount --bind "$image" "$image"
        mount -o remount,bind,ro "$image"
        for ((; count > 0; count -= 3)); do
            mount --bind "$1" "$image$2"
            [[ $3 == rw ]] || mount -o "remount,bind,$3" "$image$2"
            shift 3
        done
        # The bounding set first: it binds whoever is started from here on, root or not. CHROOT alone is needed for one more step.
        exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid --inh-caps=-all \
            env -i "${@:2:$1}" "$(command -v chroot)" --userspec="$user" --groups="${user#*:}" "$image" /usr/local/bin/pricewright "${@:2+$1}"
    ' inside "$image" "$user" "${#places[@]}" "${places[@]}" "${#variables[@]}" "${variables[@]}" "$@"
}
pricewright() {
    "$image/usr/local/bin/pricewright" "$@"
}

shopt -s extglob
eval "$(sed -E "s#(^|[ =:\"])/srv/#\1$root/srv/#g" <<< "$commands")"
[[ -n $running ]] || wrong "the recipe starts nothing"
stopped "$running"
running=
