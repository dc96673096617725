-- An application for nginx's Lua module: traces of the just-in-time compiler, FFI, coroutines, strings, sockets.
local bit = require "bit"
local ffi = require "ffi"

ffi.cdef [[
typedef struct { double x, y; int32_t n; uint8_t tag[4]; } point_t;
size_t strlen(const char *s);
int snprintf(char *s, size_t n, const char *format, ...);
void qsort(int *base, size_t n, size_t size, int (*compare)(const int *, const int *));
]]

local M = {}

local function fnv(text)
  local h = 0x811c9dc5
  for i = 1, #text do
    h = bit.bxor(h, text:byte(i))
    h = bit.tobit(bit.lshift(h, 24) + bit.lshift(h, 8) + bit.lshift(h, 7) + bit.lshift(h, 4) + bit.lshift(h, 1) + h)
  end
  return bit.tohex(h)
end

local function primes(limit)
  local sieve, count = {}, 0
  for i = 2, limit do
    if not sieve[i] then
      count = count + 1
      for j = i * i, limit, i do sieve[j] = true end
    end
  end
  return count
end

local function nbody(steps)
  local bodies = {}
  for i = 1, 5 do bodies[i] = { x = i, y = i * i * 0.5, vx = 0, vy = 1 / i, m = 1 / (i + 1) } end
  for _ = 1, steps do
    for i = 1, 5 do
      local a = bodies[i]
      for j = i + 1, 5 do
        local b = bodies[j]
        local dx, dy = a.x - b.x, a.y - b.y
        local d = math.sqrt(dx * dx + dy * dy + 0.01)
        local f = 0.001 / (d * d * d)
        a.vx, a.vy = a.vx - dx * b.m * f, a.vy - dy * b.m * f
        b.vx, b.vy = b.vx + dx * a.m * f, b.vy + dy * a.m * f
      end
    end
    for i = 1, 5 do
      local a = bodies[i]
      a.x, a.y = a.x + 0.001 * a.vx, a.y + 0.001 * a.vy
    end
  end
  return string.format("%.14f %.14f", bodies[1].x, bodies[5].y)
end

local function points(count)
  local list, sum = ffi.new("point_t[?]", count), 0
  for i = 0, count - 1 do
    local p = list[i]
    p.x, p.y, p.n, p.tag[3] = i * 0.5, -i, i * 65537, i
  end
  for i = 0, count - 1 do sum = sum + list[i].x * list[i].y + list[i].n + list[i].tag[3] end
  return sum
end

-- C calls back into Lua.
local function sorted(count)
  local a, seed = ffi.new("int[?]", count), 12345
  for i = 0, count - 1 do
    seed = (seed * 1103515245 + 12345) % 2147483648
    a[i] = seed % 1000
  end
  local compare = ffi.cast("int (*)(const int *, const int *)", function(x, y) return x[0] - y[0] end)
  ffi.C.qsort(a, count, 4, compare)
  compare:free()
  local out = {}
  for i = 0, count - 1, math.floor(count / 8) do out[#out + 1] = a[i] end
  return table.concat(out, " ")
end

local function generators()
  local function range(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
  local sum = 0
  for i in range(500) do for j in range(i % 7) do sum = sum + i * j end end
  return sum
end

local function int64()
  local a, b = 0xdeadbeefcafeULL, 1LL
  for i = 1, 300 do
    a = a * 6364136223846793005ULL + 1442695040888963407ULL
    b = b * -3 + i
  end
  return tostring(a) .. " " .. tostring(b) .. " " .. tostring(a / 1000ULL % 77ULL)
end

local routes = {
  ["/"] = function() ngx.say("lua ok") end,
  ["/version"] = function() ngx.say(jit.version, " ", jit.arch, " ", tostring((jit.status()))) end,
  ["/echo"] = function()
    ngx.req.read_body()
    ngx.header["Content-Type"] = ngx.var.content_type
    ngx.print(ngx.req.get_body_data() or "")
  end,
  ["/hash"] = function()
    ngx.req.read_body()
    local body = ngx.req.get_body_data() or ""
    ngx.say(ngx.md5(body), " ", ngx.encode_base64(ngx.sha1_bin(body)), " ", ngx.crc32_long(body), " ", fnv(body))
  end,
  ["/query"] = function()
    local names, args = {}, ngx.req.get_uri_args()
    for name in pairs(args) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
      local value = args[name]
      ngx.say(name, "=", type(value) == "table" and table.concat(value, "|") or tostring(value))
    end
  end,
  ["/headers"] = function()
    local h = ngx.req.get_headers()
    ngx.say(h["User-Agent"], " ", h["Cookie"], " ", h["X-Test"])
  end,
  ["/primes"] = function() ngx.say(primes(tonumber(ngx.var.arg_n))) end,
  ["/nbody"] = function() ngx.say(nbody(2000)) end,
  ["/points"] = function() ngx.say(points(5000)) end,
  ["/sorted"] = function() ngx.say(sorted(400)) end,
  ["/int64"] = function() ngx.say(int64()) end,
  ["/coroutines"] = function() ngx.say(generators()) end,
  ["/c"] = function()
    local buffer = ffi.new("char[64]")
    local n = ffi.C.snprintf(buffer, 64, "%s %.3f %d %x", "text", 2.5, ffi.cast("int", -7), ffi.cast("int", 255))
    ngx.say(n, " ", ffi.string(buffer), " ", tonumber(ffi.C.strlen(buffer)))
  end,
  ["/text"] = function()
    local words = {}
    for word in ("The quick brown fox jumps over the lazy dog"):gmatch("%a+") do words[#words + 1] = word:reverse():upper() end
    local matched = ngx.re.match("2024-02-29", [[(?<y>\d+)-(?<m>\d+)]], "jo")
    local swapped = ngx.re.gsub("a1b22c333", [[([a-z])(\d+)]], "$2$1", "jo")
    ngx.say(table.concat(words, ","), " ", matched.y, matched.m, " ", swapped, " ", string.format("%q %5.2f %g", "x\ny", math.pi, 2 ^ 53))
    ngx.say(ngx.escape_uri("a b&c=\195\169"), " ", ngx.unescape_uri("%41+%42"), " ", ngx.http_time(0), " ", string.rep("ab", 3, "-"))
  end,
  ["/errors"] = function()
    local ok, message = pcall(function() error({ code = 7 }) end)
    local ok2, message2 = pcall(function() local t = nil return t.x end)
    local ok3, message3 = xpcall(function() error("deep") end, function(m) return "handled " .. m end)
    local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end
    local ok4 = pcall(deep, 1e7)
    ngx.say(tostring(ok), message.code, " ", tostring(ok2), " ", (message2:gsub("^.-:%d+: ", "")), " ", tostring(ok3), " ", (message3:gsub("/.-:%d+: ", "")), " ", tostring(ok4))
  end,
  ["/count"] = function() ngx.say(ngx.shared.counts:incr("n", 1, 0)) end,
  ["/threads"] = function()
    local threads, results = {}, {}
    for i = 1, 4 do threads[i] = ngx.thread.spawn(function() ngx.sleep(0.02 * (5 - i)) results[#results + 1] = i end) end
    for i = 1, 4 do ngx.thread.wait(threads[i]) end
    ngx.say(table.concat(results, " "))
  end,
  ["/capture"] = function()
    local one, two = ngx.location.capture_multi({ { "/inner", { args = "x=1" } }, { "/inner", { args = "x=2", method = ngx.HTTP_PUT } } })
    ngx.print(one.status, " ", one.body, two.status, " ", two.body)
  end,
  ["/socket"] = function()
    local socket = ngx.socket.tcp()
    socket:settimeout(5000)
    assert(socket:connect("127.0.0.1", 8080))
    socket:send("GET /inner?x=socket HTTP/1.0\r\nHost: localhost\r\n\r\n")
    local status = socket:receive("*l")
    repeat local line = socket:receive("*l") until line == "" or line == nil
    ngx.say(status, ": ", socket:receive("*l"))
    socket:close()
  end,
  ["/env"] = function() ngx.say(os.getenv("GREETING")) end,
  ["/big"] = function()
    local block, n = string.rep("0123456789abcdef", 4096), tonumber(ngx.var.arg_n)
    ngx.header["Content-Length"] = n
    while n > 0 do
      ngx.print(n >= #block and block or block:sub(1, n))
      ngx.flush(true)
      n = n - #block
    end
  end,
  ["/stream"] = function()
    for i = 0, 3 do
      if i > 0 then ngx.sleep(0.1) end
      ngx.say("line ", i)
      ngx.flush(true)
    end
  end,
  ["/sleep"] = function() ngx.sleep(ngx.var.arg_ms / 1000) ngx.say("slept") end,
  ["/redirect"] = function() ngx.redirect("/version") end,
  ["/error"] = function() error("on purpose") end,
}

function M.run()
  local route = routes[ngx.var.uri]
  if not route then return ngx.exit(ngx.HTTP_NOT_FOUND) end
  route()
end

return M
