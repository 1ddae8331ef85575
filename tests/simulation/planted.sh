#!/usr/bin/env bash
# Plants bugs in a copy of the program (planted/bugs.patch), one after another, and looks how many seeds the simulation takes to see each.
#
#   tests/simulation/planted.sh          all of them; the copy is built once, which takes some minutes
#   tests/simulation/planted.sh 3 11     these
#   SIMULATION_SEEDS=5000 tests/simulation/planted.sh
#
# Ends with 1 when one was not seen. Needs bash, git, patch, a C compiler and Rust.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export SIMULATION_SEEDS=${SIMULATION_SEEDS:-2000}
bugs=$PWD/tests/simulation/planted
tree=$PWD/target/planted
rm -rf "$tree"
mkdir -p "$tree"
git ls-files -z -- Cargo.toml Cargo.lock build.rs clippy.toml proto src optimum benches tests fuzz demo rules |
    xargs -0 cp --parents --preserve=timestamps -t "$tree"
patch --quiet --strip=1 --directory="$tree" <"$bugs/bugs.patch"

log=$tree/log
echo "the copy is built"
program=$(cd "$tree" && CARGO_TARGET_DIR=$OLDPWD/target cargo test --locked --test simulation --no-run 2>&1 | tee "$log" |
    sed -n 's/.*Executable .*(\(.*\))/\1/p')
[[ -n $program ]] || { cat "$log" >&2; exit 1; }

unseen=0 count=0
while read -r bug what; do
    if [[ $# -gt 0 && " $* " != *" $bug "* ]]; then
        continue
    fi
    count=$((count + 1))
    if PLANTED=$bug "$program" what_was_answered --nocapture >"$log" 2>&1; then
        printf '%2d  %-64s NOT SEEN in %d seeds\n' "$bug" "$what" "$SIMULATION_SEEDS"
        unseen=$((unseen + 1))
    else
        printf '%2d  %-64s %s\n' "$bug" "$what" "$(grep -m 1 -o 'seed [0-9]*, after [0-9]* seeds' "$log" || echo "ended: see $log")"
    fi
done <"$bugs/bugs.txt"
printf '%d planted, %d seen\n' "$count" "$((count - unseen))"
[[ $unseen -eq 0 ]]
