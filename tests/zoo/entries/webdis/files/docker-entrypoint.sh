#!/bin/sh
set -e
redis-server /etc/redis-app.conf
until redis-cli ping >/dev/null 2>&1; do sleep 0.1; done
redis-cli set greeting "hello from redis"
redis-cli rpush list one two three
exec webdis /etc/webdis-app.json
