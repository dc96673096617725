#!/bin/sh
# build.sh FILES: the server and its libraries, linked dynamically against musl. Needs musl-tools.
set -e
cd "$(dirname "$0")/src"
mkdir -p "$1/usr/local/bin" "$1/usr/local/lib"
cc="musl-gcc -O2 -Wall -Wextra -Wno-unused-parameter -s"
$cc -shared -fPIC -o "$1/usr/local/lib/libtext.so" text.c
$cc -shared -fPIC -o "$1/usr/local/lib/plugin.so" plugin.c -L"$1/usr/local/lib" -ltext
$cc -fPIE -pie -pthread -rdynamic -o "$1/usr/local/bin/server" server.c pages.c -L"$1/usr/local/lib" -ltext -lm -ldl
