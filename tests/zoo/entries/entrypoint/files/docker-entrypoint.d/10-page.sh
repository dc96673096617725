#!/bin/sh
# A page made of a heredoc.
cat >/srv/www/index.html <<END
<!doctype html>
<title>$SITE_NAME</title>
<p>port $SITE_PORT, password of $(printf %s "$DB_PASSWORD" | wc -c) characters, admin $ADMIN, started by $SITE_STARTED_BY, bash $SITE_SHELL</p>
END
END_OF=$(( $(wc -l </srv/www/index.html) * 2 ))
echo "page of $END_OF half lines"
