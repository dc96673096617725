#!/bin/sh
# As the entrypoints of many images: scripts of a folder, the configuration from the environment, two servers.
set -e

if [ "$1" = "nginx" ]; then
  if find /docker-entrypoint.d -mindepth 1 -maxdepth 1 -type f -print -quit | read -r _; then
    find /docker-entrypoint.d -follow -type f -print | sort | while read -r script; do
      case "$script" in
        *.sh)
          echo "entrypoint: running $script"
          "$script"
          ;;
        *) echo "entrypoint: ignoring $script" ;;
      esac
    done
  fi
  php-fpm --nodaemonize --fpm-config /etc/php/8.2/fpm/php-fpm.conf &
  tries=0
  until [ -S /run/php/app.sock ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ]; then
      echo "entrypoint: php-fpm has not come up" >&2
      exit 1
    fi
    sleep 0.05
  done
fi

exec "$@"
