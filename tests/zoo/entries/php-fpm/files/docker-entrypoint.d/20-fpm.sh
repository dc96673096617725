#!/bin/sh
set -eu
sed -i "s/^pm.max_children = .*/pm.max_children = ${FPM_CHILDREN:-5}/" /etc/php/8.2/fpm/pool.d/www.conf
secret=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
printf 'env[APP_SECRET] = %s\n' "$secret" >> /etc/php/8.2/fpm/pool.d/www.conf
