#!/usr/bin/env bash
# Lists what the image holds, and runs it as the container would: another user, a root that nobody can write to, no capabilities. There is no
# container engine in it, so the Containerfile itself is not tried: its last stage is this root and a few words.
#
#   deploy/container/contents.sh [BINARY]
#
# Needs ldd and the system's certificates; to run it, root, unshare, chroot and setpriv. BINARY is target/release/pricewright.
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

if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null || ! command -v setpriv >/dev/null; then
    echo "deploy/container: left out: running it needs root, unshare and setpriv"
    exit 0
fi

mkdir "$work/rules"
cat > "$work/rules/november.yaml" <<'END'
promotions:
  - id: fragrance-20
    name: Fragrance −20 %
    on: {categories: [fragrance]}
    give: {percent: 20}
END
(umask 077; printf 'current = "k1"\nk1 = "%s"\n' "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')" > "$work/keys.toml")
# As a volume of Kubernetes: root's, and the group may read.
# In production whoever calls must be known.
"$binary" access token --name look --role auditor 2> "$work/rules/.access.toml" > "$work/token"
chmod 0644 "$work/rules/.access.toml"
chown 0:65532 "$work/keys.toml"
chmod 0440 "$work/keys.toml"
chmod 0755 "$work" "$work/rules"

export PRICEWRIGHT_LISTEN=127.0.0.1:0 PRICEWRIGHT_RULES=/etc/pricewright/rules PRICEWRIGHT_DATA=/var/lib/pricewright \
    PRICEWRIGHT_LOG_FORMAT=json PRICEWRIGHT_SECRETS=/etc/pricewright/keys.toml PRICEWRIGHT_PRODUCTION=true \
    PRICEWRIGHT_ACCESS=/etc/pricewright/rules/.access.toml
touch "$root/etc/pricewright/keys.toml"
cat > "$work/inside" <<'END'
set -euo pipefail
work=$1
shift
mount --bind "$work/root" "$work/root"
mount --bind "$work/rules" "$work/root/etc/pricewright/rules"
mount --bind "$work/keys.toml" "$work/root/etc/pricewright/keys.toml"
mount -t tmpfs -o uid=65532,gid=65532,mode=0700 tmpfs "$work/root/var/lib/pricewright"
for place in "" /etc/pricewright/rules /etc/pricewright/keys.toml; do
    mount -o remount,bind,ro "$work/root$place"
done
# The bounding set first: it binds whoever is started from here on, root or not. CHROOT alone is needed for one more step.
exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid --inh-caps=-all \
    chroot --userspec=65532:65532 --groups=65532 "$work/root" /usr/local/bin/pricewright "$@"
END
inside() {
    unshare --mount --propagation private bash "$work/inside" "$work" "$@"
}

echo "deploy/container: serve --check, as 65532, below a root that is read-only"
inside serve --check
# Not by the function: the process to be stopped must be the service itself.
unshare --mount --propagation private bash "$work/inside" "$work" serve 2> "$work/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
for attempt in $(seq 1 100); do
    grep -q '"rules are live"' "$work/log" && break
    if ! kill -0 "$server" 2>/dev/null || [[ $attempt == 100 ]]; then
        cat "$work/log" >&2
        exit 1
    fi
    sleep 0.1
done
address=$(sed -nE 's/.*"pricewright listens".*"listen":"([^"]+)".*|.*"listen":"([^"]+)".*"pricewright listens".*/\1\2/p' "$work/log" | head -n 1)
echo "deploy/container: it runs as $(stat -c %u "/proc/$server"), capabilities $(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$server/status")"
if [[ $(stat -c %u "/proc/$server") != 65532 ]] || ! grep -qE '^CapEff:[[:space:]]*0+$' "/proc/$server/status"; then
    echo "deploy/container: it has more rights than it should" >&2
    exit 1
fi
"$binary" rules history --server "http://$address" --token-file "$work/token"
kill -TERM "$server"
code=0
wait "$server" || code=$?
echo "deploy/container: SIGTERM, and it ended with $code"
[[ $code == 0 ]]
