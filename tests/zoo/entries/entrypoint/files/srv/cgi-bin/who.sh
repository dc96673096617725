#!/bin/bash
echo "Content-Type: text/plain"
echo
id
echo "$EXTRA; ${DB_PASSWORD_FILE:-no file}; $REQUEST_METHOD; $QUERY_STRING"
read -r name </proc/1/comm
# Parents up to process 1.
pid=$$
chain=()
while ((pid > 1)); do
  while read -r key value _; do
    [[ $key == PPid: ]] && parent=$value
    [[ $key == Name: ]] && chain+=("$value")
  done <"/proc/$pid/status"
  pid=$parent
done
echo "${chain[*]} under $name"
ls -ld /run/secrets 2>&1 | cut -c1-10
cat /run/secrets/db 2>&1 | sed 's/.*: //'
