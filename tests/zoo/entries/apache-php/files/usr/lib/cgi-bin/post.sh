#!/bin/sh
# The body through a pipe, its hash and its length.
printf 'Status: 201 Made\nContent-Type: text/plain\n\n'
head -c "$CONTENT_LENGTH" | sha256sum
printf '%s\n' "$CONTENT_LENGTH"
