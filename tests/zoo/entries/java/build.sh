#!/bin/sh
# build.sh FILES: the application as a jar, with entries of one time; needs a JDK of Java 17 or later.
set -e
cd "$(dirname "$0")"
classes=$(mktemp -d)
trap 'rm -r "$classes"' EXIT
javac --release 17 -encoding UTF-8 -d "$classes" src/*.java
mkdir -p "$1/app"
jar --create --date 2024-01-01T00:00:00Z --file "$1/app/server.jar" --main-class Server -C "$classes" .
