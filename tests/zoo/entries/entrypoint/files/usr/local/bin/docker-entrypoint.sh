#!/bin/bash
# What images' entrypoints do: secrets from files, configuration from the environment, hooks, another user, exec.
set -Eeuo pipefail
shopt -s nullglob
trap 'echo "entrypoint: failed in line $LINENO" >&2' ERR

# NAME, or what is in the file NAME_FILE; not both.
file_env() {
  local var=$1 file_var="${1}_FILE" default=${2:-}
  if [[ -n ${!var:-} && -n ${!file_var:-} ]]; then
    printf >&2 'error: both %s and %s are set\n' "$var" "$file_var"
    exit 1
  fi
  local value=$default
  if [[ -n ${!var:-} ]]; then
    value=${!var}
  elif [[ -n ${!file_var:-} ]]; then
    value="$(<"${!file_var}")"
  fi
  export "$var"="$value"
  unset "$file_var"
}

run_hooks() {
  local hook ran=0
  while IFS= read -r -d '' hook; do
    case "$hook" in
      *.envsh) [[ -x $hook ]] && . "$hook" ;;
      *.sh) "$hook" ;;
      *) echo "ignoring $hook" ;;
    esac
    ran=$((ran + 1))
  done < <(find "$HOOKS_DIR" -follow -type f -print0 | sort -z -V)
  echo "$ran hooks"
}

if [[ ${1:-} == lighttpd && $(id -u) == 0 ]]; then
  file_env DB_PASSWORD
  file_env ADMIN nobody
  install -d -o web -g web -m 750 /run/web
  export SITE_STARTED_BY=$(cat /proc/1/comm) SITE_SHELL=${BASH_VERSION%%[^0-9]*}
  envsubst '$SITE_PORT $SITE_WORKERS $SITE_NAME' </etc/app/lighttpd.conf.template >/run/web/lighttpd.conf
  sed -i -e "s|@ROOT@|/srv/www|g" -e '/^#drop/d' /run/web/lighttpd.conf
  run_hooks > >(sed 's/^/hook: /')
  # Work of several processes, waited for.
  declare -A sums=()
  for name in alpha beta gamma; do
    (printf '%s' "$name" | sha256sum | cut -c1-16 >"/run/web/$name.sum") &
  done
  wait
  for f in /run/web/*.sum; do
    sums[$(basename "$f" .sum)]=$(<"$f")
  done
  for name in $(printf '%s\n' "${!sums[@]}" | sort -r); do
    echo "$name=${sums[$name]}"
  done >/srv/www/sums.txt
  chown -R web:web /srv/www
  exec gosu web "$0" "$@"
fi
echo "starting as $(id -un)"
exec "$@"
