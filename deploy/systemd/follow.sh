#!/usr/bin/env bash
# Follows "As a systemd service" of docs/operations.md to the letter, below a folder: what `systemctl` would start is started as the unit says, as
# another user, with its environment, credentials and groups. verify.sh calls it; it wants to be alone in a network (`unshare --net --mount`).
#
#   follow.sh BINARY FOLDER
set -euo pipefail
source deploy/recipe.sh

binary=$(realpath "$1")
root=$(realpath "$2")
# Numbers that nobody has, as a user of systemd that is made at the start.
user=61234
group=61236

mkdir -p "$root/here/target/release" "$root/etc/systemd/system" "$root/usr/local/bin" "$root/run" "$root/var/lib"
chmod 0755 "$root" "$root/here"
ln -s "$binary" "$root/here/target/release/pricewright"
ln -s "$PWD/deploy" "$root/here/deploy"
commands=$(recipe "As a systemd service")
[[ -n $commands ]] || wrong "the recipe has no commands"
cd "$root/here"
brought prices.shop.example
alone prices.shop.example

# Places of the machine, below the folder; in words that begin so, and behind `=`.
mapped() {
    sed -E "s#(^|[ =:\"])(/etc|/run|/usr/local/bin|/var/lib)/#\1$root\2/#g; s#-g pricewright-tls#-g $group#g" <<< "$1"
}
unit() {
    cat "$root"/etc/systemd/system/pricewright.service "$root"/etc/systemd/system/pricewright.service.d/*.conf 2>/dev/null | sed -n "s/^$1=//p"
}
running=
trap '[[ -z $running ]] || kill "$running" 2>/dev/null || true' EXIT
systemctl() {
    case "$*" in
    daemon-reload | "status "*) ;;
    "enable --now pricewright" | "restart pricewright") start ;;
    *) wrong "systemctl $*: what would it do?" ;;
    esac
}
start() {
    local path credential folder=$root/run/credentials variables=() groups=$user told
    [[ -z $running ]] || stopped "$running"
    running=
    for path in $(unit AssertPathExists); do
        [[ -e $(mapped "$path") ]] || wrong "the unit is not started: there is no $path"
    done
    # Files of root's that the service may read, as systemd hands them over.
    rm -rf "$folder"
    for credential in $(unit LoadCredential); do
        install -D -m 0440 -g "$user" "$(mapped "${credential#*:}")" "$folder/${credential%%:*}"
    done
    install -d -m 0700 -o "$user" -g "$user" "$root/var/lib/pricewright"
    for path in $(unit SupplementaryGroups); do
        [[ $path == pricewright-tls && -e $root/group ]] || wrong "there is no group $path"
        groups+=,$group
    done
    while read -r told; do
        told=${told//%S//var/lib}
        variables+=("$(mapped "${told//%d//run/credentials}")")
    done < <(unit Environment)
    local command
    command=$(mapped "$(unit ExecStart)")
    as_unit=(setpriv "--reuid=$user" "--regid=$user" "--groups=$groups" --no-new-privs --bounding-set=-all --inh-caps=-all env -i "${variables[@]}")
    # shellcheck disable=SC2086 # words of the unit
    "${as_unit[@]}" $command --check || wrong "serve --check"
    # shellcheck disable=SC2086
    "${as_unit[@]}" $command 2> "$root/log" &
    running=$!
    awaited "$running" "$root/log"
    echo "deploy/systemd: it listens at $(sed -nE 's/.*"pricewright listens","listen":"([^"]+)".*/\1/p' "$root/log"), as $(stat -c %u "/proc/$running")"
}
groupadd() {
    touch "$root/group"
}
pricewright() {
    "$root/usr/local/bin/pricewright" "$@"
}

eval "$(mapped "$commands")"
[[ -n $running ]] || wrong "the recipe starts nothing"
stopped "$running"
running=
