#!/bin/sh
printf 'Location: /hello.txt\n\n'
