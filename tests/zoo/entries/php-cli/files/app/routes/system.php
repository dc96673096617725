<?php
declare(strict_types=1);

$app->on('/env', fn () => App::text(getenv('GREETING') . ' uid ' . posix_getuid() . ' ' . posix_getpwuid(posix_getuid())['name'] . ' ' . PHP_OS_FAMILY . ' ' . PHP_INT_SIZE . "\n"));

/** Programs by the shell and by proc_open. */
$app->on('/shell', function () {
    $out = ['shell_exec' => shell_exec('echo hi there | tr a-z A-Z'), 'backtick' => `printf '%s\n' c a b | sort`];
    exec('ls /app; exit 3', $lines, $code);
    $out['exec'] = [$lines, $code];
    $process = proc_open(['cat'], [['pipe', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes, '/tmp', ['A' => 'b']);
    fwrite($pipes[0], str_repeat('through a pipe ', 1000));
    fclose($pipes[0]);
    $out['proc'] = [md5(stream_get_contents($pipes[1])), proc_close($process)];
    $handle = popen('wc -c', 'w');
    $out['popen'] = pclose($handle);
    $out['quoted'] = trim(shell_exec('echo ' . escapeshellarg("it's \$HOME")));
    App::json($out);
});

/** Sockets of its own: a pair, select, and a server in the same process. */
$app->on('/sockets', function () {
    [$a, $b] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
    fwrite($a, "ping\n");
    $read = [$b];
    $none = null;
    $out = ['select' => stream_select($read, $none, $none, 1), 'line' => fgets($b)];
    stream_set_blocking($b, false);
    $out['empty'] = fread($b, 10);
    $server = stream_socket_server('tcp://127.0.0.1:0', $no, $text);
    $client = stream_socket_client('tcp://' . stream_socket_get_name($server, false), $no, $text, 1);
    $accepted = stream_socket_accept($server, 1);
    fwrite($client, str_repeat('x', 5000));
    stream_socket_shutdown($client, STREAM_SHUT_WR);
    $out['tcp'] = strlen(stream_get_contents($accepted));
    $out['refused'] = @stream_socket_client('tcp://127.0.0.1:1', $no, $text, 1) === false ? $text : 'connected';
    $out['lookup'] = [gethostbyname('localhost'), gethostbyname('no.such.name.invalid')];
    App::json($out);
});
