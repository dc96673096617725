<?php
declare(strict_types=1);

enum Suit: string
{
    case Hearts = 'H';
    case Spades = 'S';

    public function label(): string
    {
        return match ($this) { self::Hearts => 'red', self::Spades => 'black' };
    }
}

readonly class Point
{
    public function __construct(public int $x = 0, public ?Point $next = null)
    {
    }
}

function mandelbrot(int $w, int $h, int $max): int
{
    $sum = 0;
    for ($y = 0; $y < $h; $y++) {
        for ($x = 0; $x < $w; $x++) {
            $cr = 2.0 * $x / $w - 1.5;
            $ci = 2.0 * $y / $h - 1.0;
            $zr = $zi = 0.0;
            $i = 0;
            while ($zr * $zr + $zi * $zi < 4.0 && $i < $max) {
                $t = $zr * $zr - $zi * $zi + $cr;
                $zi = 2.0 * $zr * $zi + $ci;
                $zr = $t;
                $i++;
            }
            $sum += $i;
        }
    }
    return $sum;
}

function fib(int $n): int
{
    return $n < 2 ? $n : fib($n - 1) + fib($n - 2);
}

function sieve(int $n): int
{
    $composite = array_fill(0, $n + 1, false);
    for ($i = 2; $i * $i <= $n; $i++) {
        if (!$composite[$i]) for ($j = $i * $i; $j <= $n; $j += $i) $composite[$j] = true;
    }
    $count = 0;
    for ($i = 2; $i <= $n; $i++) if (!$composite[$i]) $count++;
    return $count;
}

/** Hot loops: what opcache's JIT compiles. */
$app->on('/compute', function () {
    $words = [];
    for ($i = 0; $i < 3000; $i++) {
        $words[substr(md5((string) $i), 0, 3)] = ($words[substr(md5((string) $i), 0, 3)] ?? 0) + 1;
    }
    arsort($words);
    ksort($words);
    $jit = opcache_get_status(false)['jit'] ?? [];
    App::json(['mandelbrot' => mandelbrot(60, 40, 50), 'fib' => fib(18), 'sieve' => sieve(20000), 'words' => md5(json_encode($words)),
        'jit' => [$jit['enabled'] ?? null, $jit['on'] ?? null]]);
});

$app->on('/engine', function () {
    $generator = (function () {
        $got = yield 1;
        yield from [$got, $got * 2];
        return 'returned';
    })();
    $list = [$generator->current(), $generator->send(20)];
    $generator->next();
    $list[] = $generator->current();
    $generator->next();
    $fiber = new Fiber(function (string $in): string {
        $deep = fn (int $n) => $n === 0 ? Fiber::suspend("$in suspended") : ($n > 0 ? (function () use ($n) { return Fiber::suspend($n); })() : null);
        $a = $deep(0);
        $b = $deep(3);
        return "$a $b";
    });
    $steps = [$fiber->start('fiber')];
    $steps[] = $fiber->resume('one');
    $fiber->resume('two');
    $steps[] = $fiber->getReturn();
    $many = [];
    for ($i = 0; $i < 50; $i++) {
        $many[$i] = new Fiber(function () use ($i) {
            $sum = 0;
            for ($j = 0; $j < 5; $j++) $sum += Fiber::suspend($i * $j);
            return $sum;
        });
        $many[$i]->start();
    }
    for ($j = 0; $j < 5; $j++) foreach ($many as $i => $f) $f->resume($i + $j);
    $map = new WeakMap();
    $key = new stdClass();
    $map[$key] = 1;
    $before = count($map);
    unset($key);
    $cycle = new stdClass();
    $cycle->self = $cycle;
    unset($cycle);
    $p = new Point(1, new Point(2));
    try {
        $p->x = 5;
        $error = '';
    } catch (Error $e) {
        $error = $e->getMessage();
    }
    $heap = new SplPriorityQueue();
    foreach ([3, 1, 2] as $n) $heap->insert("n$n", $n);
    App::json(['generator' => $list, 'return' => $generator->getReturn(), 'fiber' => $steps, 'fibers' => array_sum(array_map(fn ($f) => $f->getReturn(), $many)),
        'weak' => [$before, count($map)], 'gc' => gc_collect_cycles(), 'enum' => [Suit::from('H')->label(), Suit::tryFrom('X')?->label()],
        'readonly' => $error, 'null' => $p?->next?->next?->x, 'heap' => $heap->extract(),
        'sort' => (function () { $a = ['b10', 'a2', 'a10', 'B1']; natcasesort($a); return array_values($a); })(),
        'spread' => array_merge(...[[1, ...[2, 3]], ['k' => 4]]), 'usort' => (function () { $a = range(1, 20); usort($a, fn ($x, $y) => [$x % 3, $y] <=> [$y % 3, $x]); return $a; })(),
        'reflect' => array_map(fn ($x) => $x->getName(), (new ReflectionClass('Point'))->getProperties()),
        'tokens' => count(PhpToken::tokenize('<?php echo 1 + 2;')), 'eval' => eval('return array_sum(array_map(fn ($x) => $x ** 2, range(1, 10)));')]);
});

/** Recursion that takes much of the C stack. */
$app->on('/deep', function () {
    $nested = [];
    for ($i = 0; $i < 400; $i++) $nested = [$nested];
    $count = 0;
    array_walk_recursive($nested, function () use (&$count) { $count++; });
    $f = fn (int $n): int => $n === 0 ? 0 : 1 + array_sum(array_map($GLOBALS['deep'] = $GLOBALS['deep'] ?? null ?: fn ($x) => $x, [$n - 1]));
    App::json(['depth' => strlen(json_encode($nested)), 'same' => unserialize(serialize($nested)) === $nested, 'f' => $f(10)]);
});
