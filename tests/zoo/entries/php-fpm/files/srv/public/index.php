<?php
declare(strict_types=1);

spl_autoload_register(fn (string $class) => require __DIR__ . '/../app/' . substr($class, strlen('Zoo\\')) . '.php');
header('Content-Type: text/plain; charset=utf-8');

(new Zoo\Router())
    ->add('/', fn () => 'fpm ok ' . PHP_SAPI . "\n")
    ->add('/hello/{name}', fn (string $name) => 'hello ' . rawurldecode($name) . "\n")
    ->add('/request', fn () => ['method' => $_SERVER['REQUEST_METHOD'], 'get' => $_GET, 'post' => $_POST, 'cookie' => $_COOKIE,
        'type' => $_SERVER['CONTENT_TYPE'] ?? null, 'uri' => $_SERVER['REQUEST_URI'], 'software' => $_SERVER['SERVER_SOFTWARE']])
    ->add('/env', fn () => [getenv('GREETING'), strlen(getenv('APP_SECRET') ?: ''), posix_getpwuid(posix_getuid())['name']])
    ->add('/body', function () {
        $body = file_get_contents('php://input');
        return hash('sha256', $body) . ' ' . strlen($body) . "\n";
    })
    ->add('/upload', fn () => array_map(fn ($f) => [$f['name'], $f['error'], $f['error'] ? null : md5_file($f['tmp_name'])], $_FILES))
    ->add('/session', function () {
        session_id('zoo');
        session_start();
        $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
        session_commit();
        session_start();
        $out = $_SESSION;
        session_destroy();
        return $out;
    })
    ->add('/accel', function () {
        header('X-Accel-Redirect: /internal/inner.txt');
        return '';
    })
    ->add('/unbuffered.php', function () {
        for ($i = 0; $i < 4; $i++) {
            if ($i) usleep(100000);
            echo str_repeat("line $i ", 10), "\n";
            ob_get_level() && ob_flush();
            flush();
        }
        return '';
    })
    ->add('/finish', function () {
        // The answer goes, the work goes on.
        echo "early\n";
        fastcgi_finish_request();
        file_put_contents('/tmp/finished', 'late');
        return '';
    })
    ->add('/big/{n}', fn (string $n) => str_repeat(implode('', array_map('chr', range(32, 95))), intdiv((int) $n, 64)))
    ->add('/compute', function () {
        $sum = 0;
        for ($i = 0; $i < 100000; $i++) $sum = ($sum * 31 + $i) % 1000003;
        return [$sum, preg_replace('/\d+/', '#', 'a1b22'), opcache_get_status(false)['jit']['on'] ?? null, mb_strtoupper('größe')];
    })
    ->add('/sleep/{ms}', function (string $ms) {
        usleep((int) $ms * 1000);
        return "slept\n";
    })
    ->add('/log', function () {
        error_log('a line for the log');
        file_put_contents('php://stderr', "a line by hand\n");
        return "logged\n";
    })
    ->add('/status/{code}', function (string $code) {
        http_response_code((int) $code);
        return "status $code\n";
    })
    ->add('/error', fn () => throw new LogicException('a failure'))
    ->add('/crash', function () {
        // The worker ends in the middle: nginx answers in its place, and the master starts another.
        posix_kill(posix_getpid(), 9);
        return '';
    })
    ->run(parse_url($_SERVER['DOCUMENT_URI'] === '/unbuffered.php' ? $_SERVER['DOCUMENT_URI'] : $_SERVER['REQUEST_URI'], PHP_URL_PATH));
