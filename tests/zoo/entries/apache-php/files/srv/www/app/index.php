<?php
declare(strict_types=1);

$path = substr(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), strlen('/app'));
header('Content-Type: text/plain; charset=utf-8');

switch ($path) {
    case '/request':
        echo json_encode(['method' => $_SERVER['REQUEST_METHOD'], 'get' => $_GET, 'post' => $_POST, 'cookie' => $_COOKIE,
            'uri' => $_SERVER['REQUEST_URI'], 'script' => $_SERVER['SCRIPT_NAME'], 'info' => $_SERVER['PATH_INFO'] ?? null,
            'auth' => $_SERVER['HTTP_AUTHORIZATION'] ?? null, 'sapi' => PHP_SAPI, 'protocol' => $_SERVER['SERVER_PROTOCOL']]), "\n";
        break;
    case '/headers':
        header('X-Sent: ' . (getallheaders()['X-Test'] ?? 'none'));
        echo json_encode([apache_response_headers(), apache_lookup_uri('/hello.txt')->filename]), "\n";
        break;
    case '/modules':
        echo implode("\n", apache_get_modules()), "\n";
        break;
    case '/virtual':
        echo "before\n";
        flush();
        virtual('/hello.txt');
        echo "after\n";
        break;
    case '/upload':
        foreach ($_FILES as $field => $file) echo $field, ' ', $file['name'], ' ', $file['error'], ' ', $file['error'] ? '-' : md5_file($file['tmp_name']), "\n";
        break;
    case '/body':
        $in = fopen('php://input', 'r');
        $hash = hash_init('sha256');
        $n = hash_update_stream($hash, $in);
        echo hash_final($hash), " $n\n";
        break;
    case '/session':
        session_id('zoo');
        session_start(['use_strict_mode' => '0']);
        $_SESSION['n'] = 1;
        session_commit();
        session_start();
        echo json_encode($_SESSION), "\n";
        session_destroy();
        break;
    case '/store':
        // As an application that keeps files beside its pages.
        $file = '/srv/www/data/counter-' . getmypid();
        $handle = fopen($file, 'c+');
        flock($handle, LOCK_EX);
        fwrite($handle, "1\n");
        flock($handle, LOCK_UN);
        fclose($handle);
        echo file_get_contents($file), decoct(fileperms($file) & 0777), ' ', posix_getpwuid(fileowner($file))['name'], "\n";
        unlink($file);
        break;
    case '/stream':
        for ($i = 0; $i < 4; $i++) {
            if ($i) usleep(100000);
            echo "line $i\n";
            ob_get_level() && ob_flush();
            flush();
        }
        break;
    case '/sleep':
        sleep((int) $_GET['s']);
        echo "slept\n";
        break;
    case '/compute':
        $f = function (int $n) use (&$f): int { return $n < 2 ? $n : $f($n - 1) + $f($n - 2); };
        $sum = 0;
        for ($i = 0; $i < 100000; $i++) $sum = ($sum * 31 + $i) % 1000003;
        echo $f(15), " $sum ", preg_match_all('/\b(\w)\w*\1\b/', str_repeat('abba xyz noon ', 200)), ' ', json_encode(opcache_get_status(false)['jit']['on']), "\n";
        break;
    case '/error':
        throw new RuntimeException('a failure');
    case '/exit':
        register_shutdown_function(fn () => print("shut down\n"));
        exit("exit\n");
    case '/shell':
        echo shell_exec('id -u; echo "$GREETING" | tr a-z A-Z');
        break;
    case '/memory':
        ini_set('memory_limit', '8M');
        str_repeat('x', 20 << 20);
        break;
    default:
        http_response_code(404);
        echo "no route $path\n";
}
