#!/bin/sh
set -e
export GIT_AUTHOR_DATE="2024-01-02T03:04:05Z" GIT_COMMITTER_DATE="2024-01-02T03:04:05Z"
export GIT_AUTHOR_NAME=Zoo GIT_AUTHOR_EMAIL=zoo@example.org GIT_COMMITTER_NAME=Zoo GIT_COMMITTER_EMAIL=zoo@example.org HOME=/tmp
if [ ! -d /srv/git/app.git ]; then
  git init -q -b main /tmp/work
  cd /tmp/work
  echo "a readme" > README
  mkdir src
  printf 'int main(void) { return 0; }\n' > src/main.c
  git add -A && git commit -qm "first commit"
  printf 'int main(void) { return 1; }\n' > src/main.c
  git commit -qam "second commit"
  git tag v1
  git clone -q --bare /tmp/work /srv/git/app.git
  git -C /srv/git/app.git config http.receivepack true
  git -C /srv/git/app.git update-server-info
  chown -R www-data:www-data /srv/git
  cd /
fi
spawn-fcgi -s /run/fcgiwrap.sock -u www-data -g www-data -M 0666 -F 2 /usr/sbin/fcgiwrap
exec "$@"
