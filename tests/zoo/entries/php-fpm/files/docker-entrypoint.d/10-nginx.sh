#!/bin/sh
set -eu
cp /etc/nginx/app.conf.template /etc/nginx/conf.d/app.conf
sed -i -e "s|\${PORT}|${PORT:-80}|g" -e "s|\${ROOT}|${ROOT:-/srv/public}|g" /etc/nginx/conf.d/app.conf
grep -q "listen $PORT" /etc/nginx/conf.d/app.conf
