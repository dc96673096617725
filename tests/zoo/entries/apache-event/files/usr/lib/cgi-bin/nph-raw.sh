#!/bin/sh
printf 'HTTP/1.1 202 Raw\r\nContent-Type: text/plain\r\nX-Raw: 1\r\nConnection: close\r\n\r\nraw\n'
