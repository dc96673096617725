#!/bin/bash
# Arrays, arithmetic, text tools in pipes.
words=(the quick brown fox jumps over the lazy dog)
{
  printf '%s\n' "${words[@]}" | sort | uniq -c | sort -k1,1nr -k2 | head -3 | sed 's/^ *//'
  for ((i = 1, n = 1; i <= 20; i++, n = n * 3 % 1000003)); do :; done
  echo "$n ${#words[@]} ${words[*]^^}" | tr ' ' ',' | fold -w 20
  seq 1 100 | paste -sd+ | { read -r sum; echo $((sum)); }
  date -u -d @1700000000 '+%F %T'
  [[ "version 1.22.333" =~ ([0-9]+)\.([0-9]+) ]] && echo "${BASH_REMATCH[1]}/${BASH_REMATCH[2]}"
  printf '%05.2f|%-6s|%x\n' 3.14159 ab 255
} >/srv/www/list.txt
echo "list"
