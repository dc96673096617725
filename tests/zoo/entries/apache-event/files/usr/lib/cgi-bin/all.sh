#!/bin/sh
# All of a body whose length is not told.
printf 'Content-Type: text/plain\n\n'
sha256sum
echo "length ${CONTENT_LENGTH-unknown}"
