#!/usr/bin/env bash
# systemd's own reading of the unit: `verify` must be silent, and `security` must call it as little exposed as it is now. Then what
# docs/operations.md says of it is followed to the letter, to a service that answers; and mistakes are planted, each of which must be found.
#
#   deploy/systemd/verify.sh [BINARY]
#
# Needs systemd-analyze 250 or newer; no systemd has to run. BINARY stands where the unit looks for it: target/release/pricewright. To follow the
# recipe, root, unshare, setpriv, ip and openssl.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

binary=${1-target/release/pricewright}
# Tenths of systemd's own figure, of 100: 0 is the least exposed. A line that is taken away shows here.
exposed_most=15

source deploy/recipe.sh
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
unit=$root/pricewright.service
# The unit names the place where the program is installed; here it is where it was built.
sed "s|^ExecStart=/usr/local/bin/pricewright |ExecStart=$(realpath "$binary") |" deploy/systemd/pricewright.service > "$unit"
install -D -m 0644 deploy/systemd/tills.conf "$unit.d/tills.conf"

said=$(systemd-analyze verify --man=no "$unit" 2>&1)
if [[ -n $said ]]; then
    printf 'deploy/systemd: systemd-analyze verify is not silent:\n%s\n' "$said" >&2
    exit 1
fi
systemd-analyze security --no-pager --offline=true --threshold="$exposed_most" "$unit" > "$root/security" \
    || { cat "$root/security" >&2; exit 1; }
echo "deploy/systemd: verify says nothing; security:$(tail -n 1 "$root/security" | sed 's/[^[:print:]]*Overall/ Overall/')"

if ! can_follow; then
    echo "deploy/systemd: left out: following the recipe needs root, unshare, setpriv, ip and openssl"
    exit 0
fi

# Follows what is in the folder FROM, which is this one or a copy of it with a mistake.
follow() {
    rm -rf "$root/followed"
    mkdir "$root/followed"
    (cd "$1" && unshare --net --mount deploy/systemd/follow.sh "$binary" "$root/followed") > "$root/told" 2>&1
}
binary=$(realpath "$binary")
chmod 0755 "$root"
follow . || { cat "$root/told" >&2; exit 1; }
grep "^deploy/systemd" "$root/told"

# A file, what it is a mistake to write there in the words of sed, and how it shows.
planted=0
plant() {
    rm -rf "$root/mistaken"
    mkdir -p "$root/mistaken/docs"
    cp -r deploy "$root/mistaken/"
    cp docs/operations.md "$root/mistaken/docs/"
    sed -i -E "$2" "$root/mistaken/$1"
    ! cmp -s "$1" "$root/mistaken/$1" || wrong "there is nothing for the mistake $2 in $1"
    ! follow "$root/mistaken" || wrong "the mistake $2 in $1 was not found"
    grep -qE "$3" "$root/told" || { cat "$root/told" >&2; wrong "the mistake $2 in $1 shows otherwise than by: $3"; }
    planted=$((planted + 1))
}
# Nobody has made the file of access, or only root may read it.
plant docs/operations.md '/^# .*\/etc\/pricewright\/access\.toml\)?$/d' "the unit is not started: there is no /etc/pricewright/access.toml"
plant docs/operations.md '/^# install -m 0644 \/dev\/null/d' "^wrong +access .*Permission denied"
# The keys are where the service does not look.
plant deploy/systemd/pricewright.service 's/^LoadCredential=keys\.toml:/LoadCredential=key.toml:/' "^wrong +keys "
# No rules.
plant docs/operations.md '/^# cp -r my-rules/d' "the service does not start"
# For a network: no TLS, a key that the service may not read, a name that the certificate does not have.
plant deploy/systemd/tills.conf '/TLS_/d' "^wrong +settings .*are needed in production beyond this machine"
plant deploy/systemd/tills.conf '/^SupplementaryGroups/d' "^wrong +tls .*Permission denied"
plant docs/operations.md 's/^(# install -m 06)40( -g pricewright-tls prices)/\100\2/' "^wrong +tls .*Permission denied"
plant docs/operations.md 's/https:\/\/prices\.shop\.example:50051 --authority/https:\/\/localhost:50051 --authority/' "cannot connect"
echo "deploy/systemd: the recipe is followed to a service that answers; $planted planted mistakes were found"
