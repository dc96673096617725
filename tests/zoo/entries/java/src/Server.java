import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** A small application on the JDK's own HTTP server: a pool of threads, files, JSON, compression, streams. */
public final class Server {
  interface Handler {
    void handle(Request request) throws Exception;
  }

  /** A request, and the ways to answer it. */
  record Request(HttpExchange exchange, Map<String, List<String>> query, byte[] body) {
    String one(String name, String otherwise) {
      List<String> values = query.get(name);
      return values == null ? otherwise : values.get(0);
    }

    int number(String name, int otherwise) {
      return Integer.parseInt(one(name, "" + otherwise));
    }

    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }

    void send(int status, String type, byte[] bytes) throws IOException {
      exchange.getResponseHeaders().set("Content-Type", type);
      boolean head = exchange.getRequestMethod().equals("HEAD");
      if (head) exchange.getResponseHeaders().set("Content-Length", "" + bytes.length);
      exchange.sendResponseHeaders(status, head || bytes.length == 0 ? -1 : bytes.length);
      if (!head) exchange.getResponseBody().write(bytes);
    }

    void text(String text) throws IOException {
      send(200, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    void json(Object value) throws IOException {
      send(200, "application/json", (Json.write(value) + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }

  static final Map<String, Handler> ROUTES = new TreeMap<>();
  static final Map<String, String> TYPES = Map.of("html", "text/html", "css", "text/css", "txt", "text/plain");

  static void routes() {
    ROUTES.put("/", r -> r.text("java ok\n"));
    ROUTES.put("/json", r -> r.json(object("name", "zoo", "list", Arrays.asList(1, 2.5, null), "text", "grüß", "float", 0.1 + 0.2)));
    ROUTES.put("/parse", r -> {
      Map<?, ?> map = (Map<?, ?>) Json.parse(r.text());
      r.json(object("sorted", new TreeMap<>(map), "bytes", r.body.length));
    });
    ROUTES.put("/echo", r -> {
      String type = r.exchange.getRequestHeaders().getFirst("Content-Type");
      r.send(200, type == null ? "text/plain" : type, r.body);
    });
    ROUTES.put("/query", r -> r.json(r.query));
    ROUTES.put("/headers", r -> {
      Headers headers = r.exchange.getRequestHeaders();
      Map<String, Object> own = new TreeMap<>();
      headers.forEach((name, values) -> {
        if (name.startsWith("X-zoo")) own.put(name, values);
      });
      r.json(own);
    });
    ROUTES.put("/hash", r -> r.json(Work.hashes(r.body)));
    ROUTES.put("/gzip", r -> {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 3000; i++) text.append("line ").append(i).append(" of a text that repeats itself\n");
      r.exchange.getResponseHeaders().set("Content-Encoding", "gzip");
      r.send(200, "text/plain", gzip(text.toString().getBytes(StandardCharsets.UTF_8)));
    });
    ROUTES.put("/ungzip", r -> {
      byte[] back = new GZIPInputStream(new ByteArrayInputStream(gzip(r.body))).readAllBytes();
      r.json(object("same", Arrays.equals(back, r.body), "size", back.length));
    });
    ROUTES.put("/maps", r -> r.json(Work.maps(r.number("n", 20000))));
    ROUTES.put("/strings", r -> r.json(Work.strings(r.number("n", 3000))));
    ROUTES.put("/faults", r -> r.json(Work.faults(r.number("n", 20000))));
    ROUTES.put("/recurse", r -> r.json(Work.recurse()));
    ROUTES.put("/threads", r -> r.json(Work.threads(r.number("n", 4))));
    ROUTES.put("/garbage", r -> r.json(Work.garbage(r.number("mb", 64))));
    ROUTES.put("/numbers", r -> r.json(Work.numbers()));
    ROUTES.put("/env", r -> r.json(object("GREETING", System.getenv("GREETING"), "cwd", System.getProperty("user.dir"),
        "java", System.getProperty("java.specification.version"), "encoding", System.getProperty("file.encoding"))));
    ROUTES.put("/file", r -> {
      Path file = Path.of("/tmp/zoo.txt");
      if (r.exchange.getRequestMethod().equals("POST")) {
        Files.write(file, r.body);
        r.send(201, "text/plain", "stored\n".getBytes());
      } else r.send(200, "text/plain", Files.readAllBytes(file));
    });
    ROUTES.put("/run", r -> {
      Process child = new ProcessBuilder("cat", "-", "/app/static/style.css").start();
      try (OutputStream in = child.getOutputStream()) {
        in.write("a child\n".getBytes());
      }
      String said = new String(child.getInputStream().readAllBytes());
      r.text(said + child.waitFor() + "\n");
    });
    ROUTES.put("/big", r -> {
      byte[] bytes = new byte[r.number("n", 100000)];
      for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) i;
      r.send(200, "application/octet-stream", bytes);
    });
    ROUTES.put("/stream", r -> {
      r.exchange.getResponseHeaders().set("Content-Type", "text/plain");
      r.exchange.sendResponseHeaders(200, 0);
      for (int i = 0; i < 4; i++) {
        if (i > 0) Thread.sleep(100);
        r.exchange.getResponseBody().write(("line " + i + "\n").getBytes());
        r.exchange.getResponseBody().flush();
      }
    });
    ROUTES.put("/sleep", r -> {
      Thread.sleep(r.number("ms", 10));
      r.text("slept\n");
    });
    ROUTES.put("/redirect", r -> {
      r.exchange.getResponseHeaders().set("Location", "/json");
      r.send(302, "text/plain", new byte[0]);
    });
    ROUTES.put("/error", r -> {
      throw new IllegalStateException("on purpose");
    });
  }

  static Map<String, Object> object(Object... namesAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) map.put((String) namesAndValues[i], namesAndValues[i + 1]);
    return map;
  }

  static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream packer = new GZIPOutputStream(out)) {
      packer.write(plain);
    }
    return out.toByteArray();
  }

  static Map<String, List<String>> parseQuery(String raw) {
    Map<String, List<String>> query = new TreeMap<>();
    if (raw == null) return query;
    for (String pair : raw.split("&")) {
      String[] parts = pair.split("=", 2);
      String value = parts.length < 2 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8);
      query.computeIfAbsent(parts[0], name -> new java.util.ArrayList<>()).add(value);
    }
    return query;
  }

  /** Files below /app/static; a path that leaves it is not found. */
  static void serveFile(Request request, Path root) throws IOException {
    Path file = root.resolve(request.exchange.getRequestURI().getPath().substring("/static/".length())).normalize();
    if (!file.startsWith(root) || !Files.isRegularFile(file)) {
      request.send(404, "text/plain", "not found\n".getBytes());
      return;
    }
    String name = file.getFileName().toString();
    request.exchange.getResponseHeaders().set("Last-Modified", Files.getLastModifiedTime(file).toString());
    request.send(200, TYPES.getOrDefault(name.substring(name.lastIndexOf('.') + 1), "application/octet-stream"), Files.readAllBytes(file));
  }

  public static void main(String[] args) throws IOException {
    routes();
    AtomicLong failures = new AtomicLong();
    Path root = Path.of("/app/static");
    HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(args[0])), 128);
    server.setExecutor(Executors.newFixedThreadPool(8));
    server.createContext("/", exchange -> {
      try (exchange) {
        String path = exchange.getRequestURI().getPath();
        Request request = new Request(exchange, parseQuery(exchange.getRequestURI().getRawQuery()), exchange.getRequestBody().readAllBytes());
        Handler handler = ROUTES.get(path);
        try {
          if (path.startsWith("/static/")) serveFile(request, root);
          else if (handler == null) request.send(404, "text/plain", "no such path\n".getBytes());
          else handler.handle(request);
        } catch (Exception e) {
          failures.incrementAndGet();
          request.send(e instanceof IllegalArgumentException ? 400 : 500, "text/plain", (e + "\n").getBytes());
        }
      }
    });
    server.start();
    System.out.println("listening on " + args[0]);
  }
}
