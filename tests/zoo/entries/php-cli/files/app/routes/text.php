<?php
declare(strict_types=1);

$app->on('/', fn () => App::text("php ok\n"));

/** PCRE with and without its JIT: the same answers. */
$app->on('/regex', function () {
    ini_set('pcre.jit', $_GET['jit'] ?? '1');
    $text = str_repeat("The quick brown fox, born 1987-06-05, jumps over 13 lazy dogs; naïve café Ünïcode.\n", 40);
    $out = ['jit' => ini_get('pcre.jit')];
    $out['dates'] = preg_match_all('/(?<y>\d{4})-(?<m>\d\d)-(?<d>\d\d)/', $text, $m) . ' ' . $m['y'][39];
    $out['words'] = preg_match_all('/\b\p{Lu}\p{Ll}+\b/u', $text, $m) . ' ' . implode(',', array_unique($m[0]));
    $out['back'] = preg_match('/(\w)\1/', $text, $m, PREG_OFFSET_CAPTURE) . json_encode($m);
    $out['look'] = preg_replace('/(?<=\d)(?=(\d{3})+$)/', ',', '1234567890');
    $out['callback'] = md5(preg_replace_callback('/\d+/', fn ($m) => (string) ($m[0] * 2), $text));
    $out['split'] = preg_split('/[\s,;]+/', 'a, b;c  d', -1, PREG_SPLIT_NO_EMPTY);
    $out['recursive'] = preg_match('/^(\((?:[^()]|(?1))*\))$/', '(a(b)((c)d)e)');
    $out['atomic'] = preg_match('/^(?>a+)b|x++y/', str_repeat('a', 500) . 'b');
    $out['case'] = preg_match('/^STRASSE|ÜNÏ/iu', 'ünïcode');
    $out['backtrack'] = @preg_match('/(?:\D+|<\d+>)*[!?]/', 'foobar foobar foobar') . ' ' . preg_last_error_msg();
    $out['quote'] = preg_quote('a.b*c?d[e]');
    $out['grep'] = array_values(preg_grep('/^[a-f0-9]{4,}$/i', ['beef', 'zebra', 'CAFE', 'ab']));
    App::json($out);
});

$app->on('/mbstring', function () {
    $s = 'Grüße, Жизнь, 日本語, 𝄞!';
    App::json([
        'length' => [strlen($s), mb_strlen($s), mb_strwidth($s)],
        'case' => [mb_strtoupper($s), mb_strtolower('ÀÉÎ'), mb_convert_case('ǆ straße', MB_CASE_TITLE)],
        'parts' => [mb_substr($s, 7, 5), mb_strpos($s, '本'), mb_str_split('añb日')],
        'encodings' => [
            bin2hex(mb_convert_encoding($s, 'UTF-16LE', 'UTF-8')), bin2hex(mb_convert_encoding('日本', 'SJIS', 'UTF-8')),
            mb_detect_encoding("\xe9t\xe9", ['UTF-8', 'ISO-8859-1'], true), bin2hex(iconv('UTF-8', 'ISO-8859-15//TRANSLIT', 'prix: 5 €')),
        ],
        'check' => [mb_check_encoding("\xc3\x28", 'UTF-8'), mb_scrub("a\xffb", 'UTF-8')],
        'regex' => mb_ereg_replace('[а-я]+', '*', $s),
        'html' => htmlspecialchars('<a href="x">ü & \'q\'</a>'), 'entities' => html_entity_decode('&eacute;&#x1F600;&hellip;'),
        'ctype' => [ctype_alpha('abc'), ctype_digit('12a'), ctype_space(" \n")],
        'similar' => [levenshtein('kitten', 'sitting'), similar_text('World', 'Word'), soundex('Robert'), metaphone('Thompson')],
        'wrap' => wordwrap('The quick brown fox', 10, "\n", true), 'money' => number_format(1234567.891, 2, ',', '.'),
    ]);
});

$app->on('/date', function () {
    $at = new DateTimeImmutable('2024-03-31 01:30:00', new DateTimeZone('Europe/Berlin'));
    $later = $at->add(new DateInterval('PT1H'));
    $period = new DatePeriod(new DateTime('2024-01-31'), new DateInterval('P1M'), 3);
    App::json([
        'zone' => date_default_timezone_get(),
        'dst' => [$at->format(DATE_ATOM), $later->format(DATE_RFC2822), $later->format('I e T')],
        'other' => $at->setTimezone(new DateTimeZone('America/New_York'))->format('Y-m-d H:i:s T'),
        'diff' => (new DateTime('2000-02-29'))->diff(new DateTime('2024-02-28'))->format('%y %m %d %a'),
        'relative' => date('Y-m-d', strtotime('last friday of february 2024')),
        'period' => array_map(fn ($d) => $d->format('m-d'), iterator_to_array($period)),
        'parse' => DateTime::createFromFormat('d/m/y H:i', '05/06/19 07:08')->format('U'),
        'mktime' => mktime(12, 0, 0, 7, 14, 1989), 'check' => checkdate(2, 30, 2024), 'iso' => date('o-\WW-N', 1704067200),
        'sun' => date_sun_info(1704067200, 52.52, 13.40)['sunrise'],
    ]);
});
