#!/bin/sh
printf 'Content-Type: text/plain\n\nplain cgi\n'
