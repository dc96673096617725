<?php
declare(strict_types=1);

final class App
{
    /** @var array<string, callable> */
    private array $routes = [];

    public function on(string $path, callable $do): void
    {
        $this->routes[$path] = $do;
    }

    public function run(string $path): void
    {
        $do = $this->routes[$path] ?? null;
        if ($do === null) {
            http_response_code(404);
            header('Content-Type: text/plain');
            echo "no route $path\n";
            return;
        }
        $do();
    }

    public static function json(mixed $value): void
    {
        header('Content-Type: application/json');
        echo json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR), "\n";
    }

    public static function text(string $text): void
    {
        header('Content-Type: text/plain; charset=utf-8');
        echo $text;
    }
}
