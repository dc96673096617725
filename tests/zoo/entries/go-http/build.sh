#!/bin/sh
# build.sh FILES: the server, static and without cgo, and nothing else.
set -e
cd "$(dirname "$0")/src"
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$1/server" .
