# A small application on WEBrick: JSON, templates, digests, compression, threads, fibers, big numbers, files.
require "webrick"
require "json"
require "erb"
require "digest"
require "openssl"
require "zlib"
require "stringio"
require "time"
require "set"
require "bigdecimal"

PAGE = ERB.new(<<~HTML, trim_mode: "-")
  <!doctype html>
  <title><%= ERB::Util.html_escape(title) %></title>
  <ul>
  <%- rows.each_with_index do |row, i| -%>
    <li class="<%= i.even? ? "even" : "odd" %>"><%= ERB::Util.html_escape(row) %></li>
  <%- end -%>
  </ul>
HTML

BLOCK = (0..255).to_a.pack("C*") * 256

def json(res, object)
  res["Content-Type"] = "application/json"
  res.body = JSON.generate(object) + "\n"
end

def text(res, body, status = 200)
  res.status = status
  res["Content-Type"] = "text/plain; charset=utf-8"
  res.body = body
end

# Every thread adds to a sum under a mutex; a queue passes results on.
def threads(count, rounds)
  lock, results, total = Mutex.new, Queue.new, 0
  workers = Array.new(count) do |i|
    Thread.new do
      rounds.times { |n| lock.synchronize { total += n } }
      results << i * i
    end
  end
  workers.each(&:join)
  { "total" => total, "results" => Array.new(count) { results.pop }.sort }
end

def fibonacci(count)
  numbers = Enumerator.new do |out|
    a, b = 0, 1
    loop do
      out << a
      a, b = b, a + b
    end
  end
  Array.new(count) { numbers.next }
end

def primes(limit)
  sieve = Array.new(limit + 1, true)
  sieve[0] = sieve[1] = false
  2.upto(Integer.sqrt(limit)) { |i| (i * i).step(limit, i) { |j| sieve[j] = false } if sieve[i] }
  sieve.count(true)
end

routes = {
  "/" => ->(_, res) { text(res, "ruby ok\n") },
  "/json" => lambda do |_, res|
    json(res, "name" => "zoo", "list" => [1, 2.5, nil], "text" => "gr\u00fc\u00df", "float" => 0.1 + 0.2)
  end,
  "/parse" => ->(req, res) { json(res, "sorted" => JSON.parse(req.body).sort.to_h, "bytes" => req.body.bytesize) },
  "/echo" => lambda do |req, res|
    res["Content-Type"] = req["Content-Type"] || "text/plain"
    res.body = req.body || ""
  end,
  "/hash" => lambda do |req, res|
    body = req.body || ""
    json(res, %w[MD5 SHA1 SHA256 SHA512].to_h { |name| [name, Digest(name.to_sym).hexdigest(body)] }
      .merge("hmac" => OpenSSL::HMAC.hexdigest("SHA256", "key", body), "size" => body.bytesize))
  end,
  "/query" => ->(req, res) { json(res, req.query.to_h { |k, v| [k, v.list.map(&:to_s)] }) },
  "/page" => lambda do |req, res|
    title, rows = req.query["title"] || "none", (req.query["rows"] || "a,<b>,c&d").split(",")
    res["Content-Type"] = "text/html; charset=utf-8"
    res.body = PAGE.result_with_hash(title: title, rows: rows)
  end,
  "/gzip" => lambda do |_, res|
    plain = Array.new(2000) { |i| "line #{i} of a text that repeats itself\n" }.join
    packed = StringIO.new("".b)
    writer = Zlib::GzipWriter.new(packed, 9)
    writer.mtime = 1
    writer.write(plain)
    writer.finish
    res["Content-Type"] = "text/plain"
    res["Content-Encoding"] = "gzip"
    res.body = packed.string
  end,
  "/inflate" => lambda do |req, res|
    text(res, Zlib::Inflate.inflate(Zlib::Deflate.deflate(req.body || "", 6)).crypt("ab")[0, 2] + " #{Zlib.crc32(req.body || "")}\n")
  end,
  "/threads" => ->(req, res) { json(res, threads((req.query["n"] || 4).to_i, 2000)) },
  "/fibers" => ->(_, res) { json(res, fibonacci(100)) },
  "/primes" => ->(req, res) { text(res, "#{primes(req.query["n"].to_i)}\n") },
  "/numbers" => lambda do |_, res|
    json(res, "power" => (3**500).to_s, "factorial" => (1..60).reduce(:*).to_s, "rational" => (1..20).sum { |i| Rational(1, i) }.to_s,
         "decimal" => BigDecimal("1").div(BigDecimal("7"), 40).to_s, "complex" => (Complex(1, 2)**5).to_s,
         "sines" => (1..8).map { |i| Math.sin(i) }, "gamma" => Math.gamma(4.5), "format" => format("%.17g %e %a %08.3f", 0.1, 1e100, 2.5, Math::PI))
  end,
  "/text" => lambda do |_, res|
    words = "The quick brown fox jumps over the lazy d\u00f6g \u2014 \u65e5\u672c\u8a9e".split
    json(res, "words" => words.map(&:reverse), "scan" => words.join(" ").scan(/\b\p{L}{3,5}\b/), "tally" => words.join.downcase.chars.tally.sort,
         "encoded" => words.join(" ").encode("UTF-16LE").unpack("S<*"), "gsub" => words.join("-").gsub(/(?<v>[aeiou\u00f6])/) { $~[:v].upcase },
         "set" => Set.new(words.map(&:size)).sort, "time" => Time.at(0).utc.iso8601(3))
  end,
  "/file" => lambda do |req, res|
    if req.request_method == "POST"
      File.binwrite("/tmp/zoo.txt", req.body)
      text(res, "stored\n", 201)
    else
      text(res, File.binread("/tmp/zoo.txt"))
    end
  end,
  "/env" => ->(_, res) { json(res, "GREETING" => ENV["GREETING"], "cwd" => Dir.pwd, "uid" => Process.uid) },
  "/run" => lambda do |_, res|
    text(res, IO.popen(["ruby", "--disable=gems", "-e", "puts RUBY_VERSION; print $stdin.read.upcase"], "r+") { |io| io << "a child\n"; io.close_write; io.read })
  end,
  "/big" => lambda do |req, res|
    n = req.query["n"].to_i
    res["Content-Type"] = "application/octet-stream"
    res.body = BLOCK * (n / BLOCK.bytesize) + BLOCK[0, n % BLOCK.bytesize]
  end,
  "/stream" => lambda do |_, res|
    res["Content-Type"] = "text/plain"
    res.chunked = true
    res.body = proc { |out| 4.times { |i| sleep 0.1 if i > 0; out.write("line #{i}\n") } }
  end,
  "/sleep" => ->(req, res) { sleep(req.query["ms"].to_i / 1000.0) && text(res, "slept\n") },
  "/redirect" => ->(_, res) { res.set_redirect(WEBrick::HTTPStatus::Found, "/json") },
  "/error" => ->(_, _) { raise "on purpose" },
}

# One dispatcher for all methods.
class Application < WEBrick::HTTPServlet::AbstractServlet
  def service(req, res)
    route = @options[0][req.path] or raise WEBrick::HTTPStatus::NotFound, "no such path"
    route.call(req, res)
  end
end

server = WEBrick::HTTPServer.new(Port: ARGV[0].to_i, BindAddress: "0.0.0.0", AccessLog: [], Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN))
server.mount("/", Application, routes)
trap("TERM") { server.shutdown }
server.start
