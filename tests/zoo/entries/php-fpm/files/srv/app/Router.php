<?php
declare(strict_types=1);

namespace Zoo;

/** Routes as patterns; the answer is text, or an array for JSON. */
final class Router
{
    private array $routes = [];

    public function add(string $pattern, \Closure $do): self
    {
        $this->routes['~^' . preg_replace('/\{(\w+)\}/', '(?<$1>[^/]+)', $pattern) . '$~u'] = $do;
        return $this;
    }

    public function run(string $path): void
    {
        foreach ($this->routes as $pattern => $do) {
            if (!preg_match($pattern, $path, $m)) continue;
            $answer = $do(...array_filter($m, 'is_string', ARRAY_FILTER_USE_KEY));
            if (is_array($answer)) {
                header('Content-Type: application/json');
                $answer = json_encode($answer, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES) . "\n";
            }
            echo $answer;
            return;
        }
        http_response_code(404);
        echo "no route $path\n";
    }
}
