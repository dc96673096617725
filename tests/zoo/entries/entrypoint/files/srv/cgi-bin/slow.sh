#!/bin/bash
printf 'Content-Type: text/plain\r\n\r\n'
for i in 1 2 3 4; do
  echo "line $i"
  sleep 0.1
done
coproc upper { while read -r line; do echo "${line^^}"; done; }
echo "to a coprocess" >&"${upper[1]}"
read -r answer <&"${upper[0]}"
echo "$answer"
