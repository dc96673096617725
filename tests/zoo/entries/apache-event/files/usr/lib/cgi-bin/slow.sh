#!/bin/sh
printf 'Content-Type: text/plain\n\n'
for i in 0 1 2; do echo "line $i"; sleep 0.2; done
