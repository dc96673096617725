#!/bin/sh
# Text tools on the body of the request.
echo "Content-Type: text/plain"
echo
body=$(mktemp)
trap 'rm -f "$body"' EXIT
head -c "$CONTENT_LENGTH" >"$body"
wc -lwc <"$body"
sort "$body" | uniq | wc -l
tr -cs 'a-z' '\n' <"$body" | sort | uniq -c | sort -k1,1nr -k2 | head -n 3
sha256sum <"$body" | cut -d' ' -f1
grep -c '^a' "$body" || echo "none"
i=0
while [ $i -lt 5 ]; do
  (exit $i)
  printf '%s ' $?
  i=$((i + 1))
done
echo
sleep 0.1 &
wait $!
echo "waited $?"
sh -c 'kill -TERM $$'
echo "killed $?"
yes | head -n 1000 | tail -n 1
