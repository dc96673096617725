<?php
declare(strict_types=1);

$app->on('/json', function () {
    $value = json_decode('{"name":"zoo","list":[1,2.5,null,true,1e100,-0.0,12345678901234567890],"deep":{"a":{"b":[]}},"text":"gr\u00fc\u00df \ud83d\ude00"}', true);
    try {
        json_decode('{"a":', false, 512, JSON_THROW_ON_ERROR);
    } catch (JsonException $e) {
        $value['error'] = $e->getMessage();
    }
    App::json($value);
});

$app->on('/echo', function () {
    header('Content-Type: ' . ($_SERVER['CONTENT_TYPE'] ?? 'text/plain'));
    echo file_get_contents('php://input');
});

$app->on('/hash', function () {
    $body = file_get_contents('php://input');
    $out = ['length' => strlen($body)];
    foreach (['md5', 'sha1', 'sha256', 'sha512', 'sha3-256', 'crc32b', 'crc32c', 'adler32', 'xxh3', 'xxh128', 'murmur3f', 'whirlpool', 'ripemd160', 'fnv1a64', 'gost', 'tiger192,3'] as $name) {
        $out[$name] = hash($name, $body);
    }
    $out['hmac'] = hash_hmac('sha256', $body, 'key');
    $out['pbkdf2'] = hash_pbkdf2('sha256', 'password', 'salt', 100, 32);
    $out['hkdf'] = bin2hex(hash_hkdf('sha256', 'key', 16, 'info'));
    $out['base64'] = md5(base64_encode($body));
    $out['same'] = base64_decode(base64_encode($body)) === $body;
    $out['gz'] = gzuncompress(gzcompress($body, 6)) === $body;
    App::json($out);
});

$app->on('/password', function () {
    App::json([
        'bcrypt' => password_verify('rasmuslerdorf', '$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTTOq'),
        'crypt' => [crypt('rasmuslerdorf', '$1$rasmusle$'), crypt('rasmuslerdorf', '$5$rounds=1000$usesomesillystri$')],
        'argon' => password_verify('secret', password_hash('secret', PASSWORD_ARGON2ID, ['memory_cost' => 1024, 'time_cost' => 2, 'threads' => 1])),
        'round' => password_verify('secret', password_hash('secret', PASSWORD_BCRYPT, ['cost' => 4])),
        'random' => [strlen(random_bytes(16)), random_bytes(16) === random_bytes(16), random_int(5, 5)],
        'openssl' => bin2hex(openssl_encrypt('plain text', 'aes-128-cbc', '0123456789abcdef', OPENSSL_RAW_DATA, 'fedcba9876543210')),
        'digest' => openssl_digest('abc', 'sha256'),
        'mt' => (function () { mt_srand(42); return [mt_rand(), mt_rand(1, 100), mt_rand(1, 6)]; })(),
        'randomizer' => (new Random\Randomizer(new Random\Engine\Xoshiro256StarStar(7)))->getInt(0, 1000000),
    ]);
});

$app->on('/sqlite', function () {
    $file = tempnam('/tmp', 'db');
    $db = new PDO("sqlite:$file", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    $db->exec('PRAGMA journal_mode = WAL');
    $db->exec('CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, price REAL)');
    $db->beginTransaction();
    $insert = $db->prepare('INSERT INTO item (name, price) VALUES (?, ?)');
    for ($i = 0; $i < 200; $i++) $insert->execute(["item $i", $i * 1.25]);
    $db->commit();
    $out = ['sum' => $db->query('SELECT count(*) n, sum(price) s, avg(price) a FROM item')->fetch(PDO::FETCH_ASSOC)];
    $out['like'] = $db->query("SELECT name FROM item WHERE name LIKE '%9' ORDER BY price DESC LIMIT 3")->fetchAll(PDO::FETCH_COLUMN);
    try {
        $db->exec("INSERT INTO item (name) VALUES ('item 1')");
    } catch (PDOException $e) {
        $out['error'] = $e->getMessage();
    }
    $db->sqliteCreateFunction('twice', fn ($x) => $x * 2, 1);
    $out['function'] = $db->query('SELECT twice(21)')->fetchColumn();
    $out['integrity'] = $db->query('PRAGMA integrity_check')->fetchColumn();
    $db = null;
    $again = new SQLite3($file, SQLITE3_OPEN_READONLY);
    $out['window'] = $again->querySingle('SELECT json_group_array(r) FROM (SELECT rank() OVER (ORDER BY price DESC) r FROM item LIMIT 4)');
    $again->close();
    $out['files'] = count(glob("$file*"));
    array_map('unlink', glob("$file*"));
    App::json($out);
});

$app->on('/serialize', function () {
    $value = ['a' => [1, 2.5, null, true], 'o' => new ArrayObject([3, 4]), 'd' => new DateTime('2024-01-01 UTC'), 's' => "nul\0byte"];
    $text = serialize($value);
    ob_start();
    var_dump(unserialize($text), 0.1 + 0.2, 1e15, -1.5e-7, PHP_INT_MAX + 1, NAN, intdiv(-7, 2), -7 % 3, fmod(-7.5, 2), 2 ** 63, 7 <=> 3, 1 <=> 'a');
    $dump = ob_get_clean();
    App::text($text . "\n" . $dump . var_export([1.0, 'x' => [false]], true) . "\n" .
        sprintf("%05.2f|%-8s|%+d|%x|%b|%e|%'*10s|%2\$s|%u\n", 3.14159, 'left', 7, 255, 5, 12345.678, 'pad', -1) .
        implode(' ', [round(2.5), round(-3.455, 2), floor(-1.1), ceil(1.1), base_convert('ff', 16, 2), dechex(PHP_INT_MAX), sqrt(2), exp(1), log(10), sin(1), atan2(1, 2), pi(), hypot(3, 4)]) . "\n" .
        md5(pack('nvNVJPqeEfG', 1, 2, 3, 4, 5, 6, -7, 1.5, 2.5, 3.5, 4.5)) . ' ' . json_encode(unpack('nbig/Vlittle/Z5text', "\x01\x02\x03\x04\x05\x06abc\0\0")) . "\n");
});

$app->on('/csv', function () {
    $file = new SplFileObject('php://temp', 'w+');
    foreach ([['id', 'text'], ['1', 'with "quotes"'], ['2', "new\nline"]] as $row) $file->fputcsv($row);
    $file->rewind();
    $rows = [];
    while (!$file->eof()) $rows[] = $file->fgetcsv();
    $dir = sys_get_temp_dir() . '/zoo-' . getmypid();
    mkdir("$dir/deep/er", 0755, true);
    foreach (['b.txt', 'a.txt', 'deep/c.txt'] as $name) file_put_contents("$dir/$name", "$name\n", LOCK_EX);
    rename("$dir/b.txt", "$dir/deep/d.txt");
    symlink('a.txt', "$dir/link");
    $found = [];
    foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($dir, FilesystemIterator::SKIP_DOTS), RecursiveIteratorIterator::SELF_FIRST) as $entry) {
        $found[] = substr($entry->getPathname(), strlen($dir)) . ' ' . $entry->getType();
    }
    sort($found);
    $stat = stat("$dir/a.txt");
    $out = ['rows' => $rows, 'found' => $found, 'link' => readlink("$dir/link"), 'mode' => decoct($stat['mode']), 'size' => $stat['size'], 'real' => basename(realpath("$dir/link"))];
    foreach (['a.txt', 'link', 'deep/c.txt', 'deep/d.txt'] as $name) unlink("$dir/$name");
    foreach (['deep/er', 'deep', ''] as $name) rmdir("$dir/$name");
    $out['gone'] = file_exists($dir);
    App::json($out);
});
