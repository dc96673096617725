<?php
declare(strict_types=1);

// The front controller: a static file or script of the document root where there is one, else a route.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path !== '/' && is_file($_SERVER['DOCUMENT_ROOT'] . $path)) {
    return false;
}
require_once __DIR__ . '/lib/App.php';
$app = new App();
foreach (['text', 'data', 'web', 'engine', 'system'] as $file) {
    require __DIR__ . "/routes/$file.php";
}
$app->run($path);
