#!/usr/bin/env bash
# Lists what the image holds, and follows what docs/operations.md says of it to the letter, to a service that answers: another user, a root that nobody
# can write to, no capabilities. Mistakes are planted, each of which must be found. There is no container engine in it, so the Containerfile itself
# is not tried: its last stage is this root and a few words.
#
#   deploy/container/contents.sh [BINARY]
#
# Needs ldd and the system's certificates; to run it, root, unshare, setpriv, ip and openssl. BINARY is target/release/pricewright.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

binary=$(realpath "${1-target/release/pricewright}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
deploy/container/root.sh "$binary" "$root"

echo "deploy/container: the image holds"
(cd "$root" && find . -type f -printf '%11s  %m  /%P\n' | sort -k3 && find . -type d -empty -printf '     folder  %m  /%P\n' | sort -k3)
echo "deploy/container: $(du -sb --apparent-size "$root" | cut -f1) bytes"

# Nothing but what root.sh names: a library that needs another would show here, and so would a shell.
foreign=$(cd "$root" && find . -type f | grep -vE '^\./(usr/local/bin/pricewright|etc/(passwd|group|nsswitch\.conf|ssl/certs/ca-certificates\.crt)|(usr/)?lib(64)?/([a-z0-9_-]+-linux-gnu/)?(lib(c|m|gcc_s)\.so\.[0-9]+|ld-linux[a-z0-9_.-]*\.so\.[0-9]+))$' || true)
if [[ -n $foreign ]]; then
    printf 'deploy/container: these are not expected in the image:\n%s\n' "$foreign" >&2
    exit 1
fi

source deploy/recipe.sh
if ! can_follow; then
    echo "deploy/container: left out: running it needs root, unshare, setpriv, ip and openssl"
    exit 0
fi
chmod 0755 "$work"

# Follows what is in the folder FROM, which is this one or a copy of it with a mistake.
follow() {
    rm -rf "$work/followed"
    mkdir "$work/followed"
    (cd "$1" && unshare --net --mount deploy/container/follow.sh "$root" "$work/followed") > "$work/told" 2>&1
}
follow . || { cat "$work/told" >&2; exit 1; }
grep "^deploy/container" "$work/told"

# A file, what it is a mistake to write there in the words of sed, and how it shows.
planted=0
plant() {
    rm -rf "$work/mistaken"
    mkdir -p "$work/mistaken/docs"
    cp -r deploy "$work/mistaken/"
    cp docs/operations.md "$work/mistaken/docs/"
    sed -i -E "$2" "$work/mistaken/$1"
    ! cmp -s "$1" "$work/mistaken/$1" || wrong "there is nothing for the mistake $2 in $1"
    ! follow "$work/mistaken" || wrong "the mistake $2 in $1 was not found"
    grep -qE "$3" "$work/told" || { cat "$work/told" >&2; wrong "the mistake $2 in $1 shows otherwise than by: $3"; }
    planted=$((planted + 1))
}
plant docs/operations.md '/access token --name|\/dev\/null \/srv\/pricewright\/access/d' "^wrong +access .*No such file"
plant docs/operations.md 's/^(# install -m 0640) -g 65532( prices)/\1\2/' "^wrong +tls .*Permission denied"
plant docs/operations.md 's/^(# install -m 0640) -g 65532( \/dev\/null)/\1\2/' "^wrong +keys .*ermission denied"
plant deploy/container/production.env '/_TLS_/d' "^wrong +settings .*are needed in production beyond this machine"
echo "deploy/container: the recipe is followed to a service that answers; $planted planted mistakes were found"
