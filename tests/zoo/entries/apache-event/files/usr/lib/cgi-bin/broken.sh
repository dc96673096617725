#!/bin/sh
echo 'this is no header'
exit 1
