#!/bin/sh
# build.sh FILES: the server, linked against the image's libraries. Needs libcpp-httplib-dev, zlib1g-dev, libbrotli-dev.
set -e
cd "$(dirname "$0")/src"
mkdir -p "$1/usr/local/bin" "$1/usr/local/lib"
g++ -std=c++20 -O2 -Wall -fPIC -shared -o "$1/usr/local/lib/libplugin.so" plugin.cpp
g++ -std=c++20 -O2 -Wall -pthread -o "$1/usr/local/bin/server" main.cpp basic.cpp exceptions.cpp threads.cpp library.cpp \
  -lcpp-httplib -lz -ldl
strip "$1/usr/local/bin/server" "$1/usr/local/lib/libplugin.so"
