#!/usr/bin/env bash
# Puts together the file system of the image: the Containerfile calls it, and contents.sh looks at what it made.
#
#   deploy/container/root.sh BINARY ROOT
#
# Needs ldd, and the certificates of the system (ca-certificates).
set -euo pipefail

binary=$1
root=$2
user=65532

mkdir -p "$root"
install -D -m 0755 "$binary" "$root/usr/local/bin/pricewright"
if command -v strip >/dev/null; then
    # Names of functions are a third of the file, and no message of ours shows one.
    strip "$root/usr/local/bin/pricewright"
fi

# What it is linked to, each where the loader looks for it; the loader itself has no arrow. `linux-vdso` is no file.
ldd "$binary" | sed -nE 's/.*=> (\/[^ ]+) .*/\1/p; s/^[[:space:]]*(\/[^ ]+) .*/\1/p' | while read -r library; do
    install -D -m 0755 "$(realpath "$library")" "$root$library"
done

# The gateway of passwords and the database may ask for TLS.
install -D -m 0644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
echo "pricewright:x:$user:$user:pricewright:/var/lib/pricewright:/sbin/nologin" > "$root/etc/passwd"
echo "pricewright:x:$user:" > "$root/etc/group"
echo "hosts: files dns" > "$root/etc/nsswitch.conf"
chmod 0644 "$root/etc/passwd" "$root/etc/group" "$root/etc/nsswitch.conf"
mkdir -p "$root/etc/pricewright/rules" "$root/var/lib/pricewright"
# Where a container engine mounts its own; without them a read-only root could not be entered.
mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/tmp"
