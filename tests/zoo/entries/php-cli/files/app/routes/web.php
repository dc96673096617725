<?php
declare(strict_types=1);

/** Twice the same session in one request, so that it does not matter which instance answers the next one. */
$app->on('/session', function () {
    session_id($_GET['id'] ?? 'zoo1');
    session_start(['cookie_httponly' => true, 'cookie_samesite' => 'Lax', 'cache_limiter' => 'nocache']);
    $_SESSION['list'][] = 'first';
    session_write_close();
    session_start(['use_cookies' => '0']);
    $_SESSION['list'][] = 'second';
    $out = ['id' => session_id(), 'list' => $_SESSION['list'], 'file' => is_file('/var/lib/php/sessions/sess_' . session_id())];
    $out['text'] = session_encode();
    session_destroy();
    setcookie('plain', 'a value', ['path' => '/', 'secure' => true]);
    App::json($out);
});

$app->on('/request', function () {
    App::json(['method' => $_SERVER['REQUEST_METHOD'], 'get' => $_GET, 'post' => $_POST, 'cookie' => $_COOKIE,
        'test' => $_SERVER['HTTP_X_TEST'] ?? null, 'uri' => $_SERVER['REQUEST_URI'], 'query' => $_SERVER['QUERY_STRING'] ?? '',
        'auth' => [$_SERVER['PHP_AUTH_USER'] ?? null, $_SERVER['PHP_AUTH_PW'] ?? null], 'sapi' => PHP_SAPI]);
});

$app->on('/upload', function () {
    $out = ['post' => $_POST];
    foreach ($_FILES as $field => $file) {
        $files = is_array($file['name']) ? array_map(null, $file['name'], $file['tmp_name'], $file['error'], $file['size']) : [[$file['name'], $file['tmp_name'], $file['error'], $file['size']]];
        foreach ($files as [$name, $temporary, $error, $size]) {
            $to = tempnam('/tmp', 'up');
            $moved = $error === UPLOAD_ERR_OK && is_uploaded_file($temporary) && move_uploaded_file($temporary, $to);
            $out['files'][] = [$field, $name, $error, $size, $moved ? md5_file($to) : null];
            unlink($to);
        }
    }
    App::json($out);
});

$app->on('/gzip', function () {
    header('Content-Type: text/plain');
    ini_set('zlib.output_compression', '1');
    echo str_repeat("compress me, I am long enough\n", 500);
});

$app->on('/deflated', function () {
    // Decoded and encoded again: the whole of zlib's streams.
    $in = inflate_init(ZLIB_ENCODING_GZIP);
    $plain = inflate_add($in, file_get_contents('php://input'));
    App::text($plain . strlen(gzencode($plain, 9)) . "\n");
});

$app->on('/redirect', function () {
    header('Location: /json', true, 303);
});

$app->on('/status', function () {
    http_response_code((int) ($_GET['code'] ?? 200));
    if (($_GET['code'] ?? '') !== '204') App::text("status {$_GET['code']}\n");
});

$app->on('/headers', function () {
    header_remove('X-Powered-By');
    header('X-One: 1');
    header('X-One: 2', false);
    header('X-Two: gr' . "\xc3\xbc" . 'n');
    header('Cache-Control: max-age=60');
    App::text(implode("\n", headers_list()) . "\n");
});

$app->on('/big', function () {
    header('Content-Type: application/octet-stream');
    $block = str_repeat(implode('', array_map('chr', range(0, 255))), 256);
    for ($n = (int) $_GET['n']; $n > 0; $n -= 65536) echo substr($block, 0, min($n, 65536));
});

$app->on('/stream', function () {
    header('Content-Type: text/plain');
    for ($i = 0; $i < 4; $i++) {
        if ($i) usleep(100000);
        echo "line $i\n";
        flush();
    }
});

$app->on('/sse', function () {
    header('Content-Type: text/event-stream');
    header('Cache-Control: no-cache');
    while (ob_get_level()) ob_end_flush();
    for ($i = 0; $i < 4; $i++) {
        if ($i) time_nanosleep(0, 100000000);
        echo "id: $i\ndata: {\"n\":$i}\n\n";
        flush();
    }
});

$app->on('/exception', function () {
    (function (int $depth) {
        throw new DomainException("something went wrong at $depth", 7, new RuntimeException('the cause'));
    })(3);
});

$app->on('/fatal', function () {
    register_shutdown_function(function () {
        echo "shutdown: ", error_get_last()['type'] ?? 'nothing', "\n";
    });
    undefined_function();
});

$app->on('/warnings', function () {
    header('Content-Type: text/plain');
    set_error_handler(function (int $no, string $text) {
        echo "handler: $no $text\n";
        return true;
    });
    echo $undefined ?? 'unset', "\n";
    $list = [];
    $list['missing'];
    echo hex2bin('abc') === false ? "odd\n" : "even\n";
    trigger_error('deprecated by us', E_USER_DEPRECATED);
    restore_error_handler();
    echo @file_get_contents('/no/such/file') === false ? "no file\n" : "file\n";
    echo 10 % 3, "\n";
    try {
        echo 1 % 0;
    } catch (DivisionByZeroError $e) {
        echo get_class($e), ': ', $e->getMessage(), "\n";
    }
    try {
        (fn (int $x): int => $x)('text');
    } catch (TypeError $e) {
        echo preg_replace('/, called.*/', '', $e->getMessage()), "\n";
    }
});

$app->on('/memory', function () {
    // Beyond memory_limit: a fatal error, and the next request is served as ever.
    $all = [];
    while (true) $all[] = str_repeat('x', 1 << 20);
});

$app->on('/template', function () {
    header('Content-Type: text/html');
    ob_start(fn (string $html) => strtr($html, ['{{title}}' => 'Zoo']));
    $rows = [['a', 1], ['b', 2], ['<c>', 3]];
    ?>
<!doctype html>
<title>{{title}}</title>
<table>
<?php foreach ($rows as [$name, $n]): ?>
  <tr><td><?= htmlspecialchars($name) ?></td><td><?= $n ?></td></tr>
<?php endforeach ?>
</table>
<?php
    ob_end_flush();
});
