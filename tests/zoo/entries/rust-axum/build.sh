#!/bin/sh
# build.sh FILES: the server, static with musl, and nothing else. Needs rustup's target x86_64-unknown-linux-musl.
set -e
cd "$(dirname "$0")/src"
target=${CARGO_TARGET_DIR:-$(mktemp -d)}
CARGO_TARGET_DIR="$target" cargo build --quiet --locked --release --target x86_64-unknown-linux-musl
mkdir -p "$1/usr/local/bin"
cp "$target/x86_64-unknown-linux-musl/release/server" "$1/usr/local/bin/server"
[ -n "$CARGO_TARGET_DIR" ] || rm -rf "$target"
