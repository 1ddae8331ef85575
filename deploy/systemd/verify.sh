#!/usr/bin/env bash
# systemd's own reading of the unit: `verify` must be silent, and `security` must call it as little exposed as it is now.
#
#   deploy/systemd/verify.sh [BINARY]
#
# Needs systemd-analyze 250 or newer; no systemd has to run. BINARY stands where the unit looks for it: target/release/pricewright.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

binary=${1-target/release/pricewright}
# Tenths of systemd's own figure, of 100: 0 is the least exposed. A line that is taken away shows here.
exposed_most=15

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
unit=$root/pricewright.service
# The unit names the place where the program is installed; here it is where it was built.
sed "s|^ExecStart=/usr/local/bin/pricewright |ExecStart=$(realpath "$binary") |" deploy/systemd/pricewright.service > "$unit"

said=$(systemd-analyze verify --man=no "$unit" 2>&1)
if [[ -n $said ]]; then
    printf 'deploy/systemd: systemd-analyze verify is not silent:\n%s\n' "$said" >&2
    exit 1
fi
systemd-analyze security --no-pager --offline=true --threshold="$exposed_most" "$unit" > "$root/security" \
    || { cat "$root/security" >&2; exit 1; }
echo "deploy/systemd: verify says nothing; security:$(tail -n 1 "$root/security" | sed 's/[^[:print:]]*Overall/ Overall/')"
